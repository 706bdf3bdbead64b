// Passkeys are bytes on both sides and text in between: nothing may be lost on the way.
import { expect, test } from 'vitest'
import { toBytes, toText } from './passkey'

test('bytes survive the way to text and back, whatever they are', () => {
  for (let length = 0; length < 70; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 89 + length * 31) % 256)
    const text = toText(bytes.buffer)
    expect(text).toMatch(/^[\w-]*$/)
    expect([...toBytes(text)]).toEqual([...bytes])
  }
})
