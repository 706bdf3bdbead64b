// The browser's work is what the server asked for, and the page is not kept waiting by it.
import { afterEach, expect, it, vi } from 'vitest'
import { answer, work } from './challenge'
import { sha256 } from './sha256'

afterEach(() => vi.restoreAllMocks())

it('hashes as everybody does', async () => {
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 300]) {
    const text = '茶x'.repeat(length).slice(0, length)
    const known = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
    const digits = [...new Uint8Array(known)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    expect(sha256(text), String(length)).toBe(digits)
  }
})

it('finds the number that the server finds', async () => {
  // The same figures as in the server's own test: both sides mean the same.
  expect(await work('abc.def', 8)).toBe('38')
  expect(await work('abc.def', 12)).toBe('1206')
  expect(await work('abc.def', 16)).toBe('60375')
})

it('lets the page breathe between slices', async () => {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 20))
  let frames = 0
  const beat = setInterval(() => frames++, 0)
  await work('abc.def', 12)
  clearInterval(beat)
  expect(frames).toBeGreaterThan(3)
})

it('does not try what it does not know, or what would never end', async () => {
  const asked = { challenge: 'abc.def', bits: 8, expires_in: 120 }
  expect(await answer({ ...asked, kind: 'proof_of_work' })).toEqual({ challenge: 'abc.def', answer: '38' })
  expect(await answer({ ...asked, kind: 'picture' as never })).toBeNull()
  expect(await answer({ ...asked, kind: 'proof_of_work', bits: 60 })).toBeNull()
})
