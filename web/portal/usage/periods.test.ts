// Months over the turn of a year, in UTC.
import { expect, it } from 'vitest'
import { dayName, periodName, periodOf, periodsBack, shift } from './periods'

it('is a month in UTC', () => {
  expect(periodOf(new Date('2027-01-31T23:30:00-05:00'))).toBe('2027-02')
})

it('steps over the year', () => {
  expect(shift('2027-01', -1)).toBe('2026-12')
  expect(shift('2026-12', 1)).toBe('2027-01')
})

it('lists back to the first, and not for ever', () => {
  expect(periodsBack('2026-11', '2027-01')).toEqual(['2027-01', '2026-12', '2026-11'])
  expect(periodsBack('2027-03', '2027-01')).toEqual(['2027-01'])
  expect(periodsBack('1999-01', '2027-01')).toHaveLength(24)
})

it('speaks both languages', () => {
  expect(periodName('2027-01', 'en')).toBe('January 2027')
  expect(periodName('2027-01', 'zh-CN')).toBe('2027年1月')
  expect(dayName('2027-01-31', 'en')).toBe('Jan 31')
})
