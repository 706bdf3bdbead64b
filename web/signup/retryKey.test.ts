// A double click is one company; a corrected name is not refused as a reused key.
import { expect, it } from 'vitest'
import { createRetryKey } from './retryKey'

it('stays while the form stays', () => {
  let count = 0
  const key = createRetryKey(() => `key-${++count}`)
  expect(key.keyFor({ company: 'Blue Teapot' })).toBe('key-1')
  expect(key.keyFor({ company: 'Blue Teapot' })).toBe('key-1')
  expect(key.keyFor({ company: 'Blue Teapots' })).toBe('key-2')
  expect(key.keyFor({ company: 'Blue Teapots' })).toBe('key-2')
})
