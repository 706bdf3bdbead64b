// The chart encloses every wait, and says in words what it shows.
import { expect, it } from 'vitest'
import { scaleOf, tally, ticksOf } from './points'

it('has round times around all points', () => {
  expect(ticksOf([])).toEqual([60, 120, 300])
  expect(ticksOf([{ predicted: 45, actual: 900 }])).toEqual([30, 60, 120, 300, 600, 1200])
  expect(ticksOf([{ predicted: 5, actual: 20_000 }])).toContain(14_400)
})

it('puts equals onto the line, and nothing outside', () => {
  const scale = scaleOf([{ predicted: 60, actual: 600 }])
  expect(scale(60)).toBe(0)
  expect(scale(600)).toBeCloseTo(1)
  expect(scale(0)).toBe(0)
  expect(scale(100_000)).toBe(1)
})

it('counts what was right within a quarter', () => {
  const points = [
    { predicted: 100, actual: 124 },
    { predicted: 100, actual: 76 },
    { predicted: 100, actual: 130 },
    { predicted: 100, actual: 10 },
  ]
  expect(tally(points)).toEqual({ shorter: 1, right: 2, longer: 1 })
})
