// Sums never fall back, and the forecast begins where today stands.
import { expect, it } from 'vitest'
import { running, top } from './running'

const day = (date: number, quantity: number) => ({ day: `2027-03-${String(date).padStart(2, '0')}`, quantity })

it('adds up to today and goes on to the last day', () => {
  const run = running({ daily: [day(28, 5), day(29, 3)], forecast: 12 }, '2027-04-01T00:00:00Z')
  expect(run.days).toEqual(['2027-03-28', '2027-03-29', '2027-03-30', '2027-03-31'])
  expect(run.used).toEqual([5, 8, null, null])
  expect(run.forecast).toEqual([null, 8, 10, 12])
})

it('counts the day in which the period ends', () => {
  expect(running({ daily: [day(31, 1)], forecast: null }, '2027-04-01T02:00:00Z').days).toHaveLength(2)
})

it('has no forecast where there is none, or nothing to come', () => {
  const none = running({ daily: [day(29, 3)], forecast: null }, '2027-04-01T00:00:00Z')
  expect(none.forecast).toEqual([null, null, null])
  const over = running({ daily: [day(31, 3)], forecast: 3 }, '2027-04-01T00:00:00Z')
  expect(over.forecast).toEqual([null])
  expect(running({ daily: [], forecast: null }, '2027-04-01T00:00:00Z')).toEqual({ days: [], used: [], forecast: [] })
})

it('keeps what is included in sight unless it is far away', () => {
  const run = running({ daily: [day(30, 40)], forecast: 60 }, '2027-04-01T00:00:00Z')
  expect(top(run, 100)).toEqual({ most: 100, shows: true })
  expect(top(run, 50)).toEqual({ most: 60, shows: true })
  expect(top(run, 20_000)).toEqual({ most: 60, shows: false })
  expect(top(run, null)).toEqual({ most: 60, shows: false })
})
