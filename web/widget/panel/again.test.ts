// Holds that an ended visit begins again, and never hammers at a door that stays shut.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createAgain } from './again'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('comes in again at once, and ever more slowly while it does not last', () => {
  let starts = 0
  let stays = 500
  const ended = createAgain(
    () => {
      starts++
      setTimeout(() => ended(), stays)
    },
    Date.now,
    () => 0.5,
  )
  ended()
  vi.advanceTimersByTime(200)
  expect(starts).toBe(1)
  vi.advanceTimersByTime(3_600_000)
  expect(starts).toBeLessThan(20)
  stays = 61_000
  vi.advanceTimersByTime(301_000)
  const before = starts
  vi.advanceTimersByTime(61_200)
  expect(starts).toBe(before + 1)
})
