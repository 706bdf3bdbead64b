// Holds what the portal says about an archive.
import { expect, it } from 'vitest'
import { amount, isGoingOn } from './exports'

it('says amounts as people do', () => {
  expect(amount(512, 'en')).toBe('512 byte')
  expect(amount(1_500, 'en')).toBe('1.5 kB')
  expect(amount(123_456_789, 'en')).toBe('123 MB')
})

it('knows what is still being made', () => {
  expect(isGoingOn({ status: 'working' })).toBe(true)
  expect(isGoingOn({ status: 'ready' })).toBe(false)
})
