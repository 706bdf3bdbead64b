// Presets around the edges of days and weeks.
import { expect, it } from 'vitest'
import { snoozePresets } from './snooze'

const at = (now: string) =>
  Object.fromEntries(snoozePresets(new Date(now)).map(({ id, until }) => [id, until.toISOString()]))

it('names sensible hours', () => {
  // A Tuesday.
  expect(at('2026-03-10T10:20:30Z')).toEqual({
    one_hour: '2026-03-10T11:20:30.000Z',
    later_today: '2026-03-10T13:20:00.000Z',
    tomorrow: '2026-03-11T09:00:00.000Z',
    next_week: '2026-03-16T09:00:00.000Z',
  })
})

it('drops "later today" in the evening', () => {
  expect(at('2026-03-10T19:00:00Z')).not.toHaveProperty('later_today')
})

it('means the coming Monday, also on Sundays and Mondays', () => {
  expect(at('2026-03-15T10:00:00Z')['next_week']).toBe('2026-03-16T09:00:00.000Z')
  expect(at('2026-03-16T08:00:00Z')['next_week']).toBe('2026-03-23T09:00:00.000Z')
})
