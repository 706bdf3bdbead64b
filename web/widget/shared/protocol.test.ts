// Messages between page and frame count only from the right window, the right origin, with the right nonce.
import { describe, expect, it } from 'vitest'
import { seal, unseal, type ToFrame } from './protocol'

const source = {}
const expected = { source, origin: 'https://shop.test', nonce: 'n0nce' }
const open: ToFrame = { type: 'open' }
const event = (data: unknown, change: object = {}) =>
  ({ data, source, origin: 'https://shop.test', ...change }) as unknown as MessageEvent

describe('unseal', () => {
  it('opens what was sealed for us', () => {
    expect(unseal<ToFrame>(event(seal('n0nce', open)), expected)).toMatchObject(open)
  })

  it('ignores everything else', () => {
    const sealed = seal('n0nce', open)
    for (const bad of [
      event(sealed, { origin: 'https://evil.test' }),
      event(sealed, { origin: 'https://shop.test.evil.test' }),
      event(sealed, { origin: 'null' }),
      event(sealed, { source: {} }),
      event(sealed, { source: null }),
      event(seal('other', open)),
      event({ ...open, nonce: 'n0nce' }),
      event({ frontdesk: 1, nonce: 'n0nce', type: 7 }),
      event('open'),
      event(null),
      event([sealed]),
    ])
      expect(unseal<ToFrame>(bad, expected)).toBeNull()
  })
})
