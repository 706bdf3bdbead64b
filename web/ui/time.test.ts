// Relative times, in both languages' shapes.
import type { TFunction } from 'i18next'
import { describe, expect, it } from 'vitest'
import { crossesDay, dayName, longAgo, moment, shortAgo } from './time'

const t = ((key: string, given?: { count?: number }) =>
  given?.count === undefined ? key : `${key}:${given.count}`) as unknown as TFunction
const NOW = Date.parse('2026-03-10T12:00:00Z')
const ago = (at: string) => shortAgo(t, at, NOW, 'en')

describe('shortAgo', () => {
  it('grows coarser with age', () => {
    expect(ago('2026-03-10T11:59:30Z')).toBe('time.now')
    expect(ago('2026-03-10T11:56:00Z')).toBe('time.minutes:4')
    expect(ago('2026-03-10T09:00:00Z')).toBe('time.hours:3')
    expect(ago('2026-03-08T09:00:00Z')).toBe('time.days:2')
    expect(ago('2026-02-01T09:00:00Z')).toBe('Feb 1')
    expect(ago('2025-02-01T09:00:00Z')).toBe('Feb 1, 2025')
  })

  it('calls a clock that runs ahead "now"', () => {
    expect(ago('2026-03-10T12:00:20Z')).toBe('time.now')
  })
})

it('says long ago in whole words', () => {
  expect(longAgo('2026-03-10T11:57:00Z', NOW, 'en')).toBe('3 minutes ago')
  expect(longAgo('2026-03-10T11:57:00Z', NOW, 'zh-CN')).toBe('3分钟前')
  expect(longAgo('2026-03-10T12:00:30Z', NOW, 'en')).toBe('now')
  expect(longAgo('2026-01-01T12:00:00Z', NOW, 'en')).toBe('Jan 1, 2026')
})

it('names a moment to come by no more than it takes', () => {
  const plain = (at: string) => moment(at, NOW, 'en').replace(/\s/g, ' ')
  const time = /^\d+:\d\d [AP]M$/
  expect(plain('2026-03-10T13:00:00Z')).toMatch(time)
  expect(plain('2026-03-12T13:00:00Z')).toMatch(/^Thu \d+:\d\d/)
  expect(plain('2026-05-01T13:00:00Z')).toMatch(/^May \d+, \d+:\d\d/)
})

describe('days', () => {
  it('are named by the calendar, not by 24 hours', () => {
    expect(dayName(t, '2026-03-10T00:01:00Z', NOW, 'en')).toBe('time.today')
    expect(dayName(t, '2026-03-09T23:59:00Z', NOW, 'en')).toBe('time.yesterday')
    expect(dayName(t, '2026-03-05T10:00:00Z', NOW, 'en')).toBe('Thursday, March 5')
    expect(dayName(t, '2025-03-05T10:00:00Z', NOW, 'zh-CN')).toContain('2025')
  })

  it('begin a separator only when they change', () => {
    expect(crossesDay(undefined, '2026-03-10T00:00:00Z')).toBe(true)
    expect(crossesDay('2026-03-09T23:59:59Z', '2026-03-10T00:00:00Z')).toBe(true)
    expect(crossesDay('2026-03-10T00:00:00Z', '2026-03-10T23:00:00Z')).toBe(false)
  })
})
