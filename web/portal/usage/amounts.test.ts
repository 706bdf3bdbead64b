// Amounts as people read them.
import { expect, it } from 'vitest'
import { bytes, compactNumber, fill } from './amounts'

it('writes bytes in their unit', () => {
  expect(bytes(0, 'en')).toBe('0 B')
  expect(bytes(1536, 'en')).toBe('1.5 KB')
  expect(bytes(700 * 1024 ** 2, 'en')).toBe('700 MB')
  expect(bytes(1000 * 1024 ** 3, 'en')).toBe('1,000 GB')
})

it('shortens as the language does', () => {
  expect(compactNumber(20_000, 'en')).toBe('20K')
  expect(compactNumber(20_000, 'zh-CN')).toBe('2万')
})

it('warns before the limit, not at it', () => {
  expect(fill(10, null)).toEqual({ share: null, level: 'calm' })
  expect(fill(79, 100).level).toBe('calm')
  expect(fill(80, 100).level).toBe('near')
  expect(fill(130, 100)).toEqual({ share: 1, level: 'full' })
  expect(fill(0, 0).level).toBe('full')
})
