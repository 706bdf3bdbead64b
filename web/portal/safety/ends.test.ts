// A block ends when its maker was told that it would.
import { expect, it } from 'vitest'
import { endOf, ENDS } from './ends'

it('ends after what was chosen, or never', () => {
  const now = Date.parse('2026-11-30T12:00:00Z')
  const ends = Object.fromEntries(ENDS.map((end) => [end, endOf(end, now)]))
  expect(ends).toEqual({
    hour: '2026-11-30T13:00:00.000Z',
    day: '2026-12-01T12:00:00.000Z',
    week: '2026-12-07T12:00:00.000Z',
    month: '2026-12-30T12:00:00.000Z',
    never: null,
  })
})
