// Keys that count, and what a developer pastes.
import { describe, expect, it } from 'vitest'
import { counts } from './keys'
import { page, server, type Language, LANGUAGES } from './snippets'

const KEY = { id: 'ikey_01h455vb4pex5vsknk084sn02q', algorithm: 'HS256' as const }

describe('a key', () => {
  it('counts until it ends', () => {
    expect(counts({ ends_at: null }, 5)).toBe(true)
    expect(counts({ ends_at: '2026-01-01T00:00:01Z' }, Date.parse('2026-01-01T00:00:00Z'))).toBe(true)
    expect(counts({ ends_at: '2026-01-01T00:00:00Z' }, Date.parse('2026-01-01T00:00:00Z'))).toBe(false)
  })
})

describe('a snippet', () => {
  it.each(LANGUAGES)('in %s names the inbox, the key and every claim that must be there', (language: Language) => {
    for (const algorithm of ['HS256', 'EdDSA'] as const) {
      const text = server(language, 'inbox_1', { ...KEY, algorithm })
      for (const word of ['inbox_1', KEY.id, algorithm, 'sub', 'jti', 'exp']) expect(text, word).toContain(word)
      expect(text).not.toMatch(/fdi_/)
    }
  })

  it('for the page fetches a token and never writes one into an address', () => {
    expect(page()).toContain("frontdesk('identify'")
    expect(page()).not.toMatch(/\?token=/)
  })
})
