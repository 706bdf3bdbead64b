// Rungs go to the server and come back the same, rise, and name what they need.
import { describe, expect, it } from 'vitest'
import type { Rung } from 'client/types'
import { draftOf, faultOf, isWhole, rungsOf, sorted, withRung } from './ladder'

const LADDER: Rung[] = [
  { after_seconds: 60, step: { kind: 'drop_preferred' } },
  { after_seconds: 120, step: { kind: 'lower_level', by: 2 } },
  { after_seconds: 180, step: { kind: 'widen_to_team', team_id: 'team_1' } },
  { after_seconds: 240, step: { kind: 'overflow_to_brand', brand_id: 'brand_1' } },
  { after_seconds: 300, step: { kind: 'message_form' } },
]
const rules = {
  strategy: 'least_busy',
  sticky: true,
  language: 'prefer',
  accept_seconds: null,
  answer_seconds: null,
  absent_seconds: 120,
  auto_away_after_missed: null,
  queue_limit: null,
  when_full: { kind: 'message_form' },
} as const

describe('a ladder', () => {
  it('survives being edited', () => {
    expect(rungsOf(draftOf(LADDER))).toEqual(LADDER)
  })

  it('names the rung that does not rise, has no time or no goal', () => {
    const draft = draftOf(LADDER)
    const at = (place: number, change: object) =>
      faultOf(
        draft.map((rung, index) => (index === place ? { ...rung, ...change } : rung)),
        place,
      )
    expect(at(1, { after: 60 })).toBe('rising')
    expect(at(0, { after: '' })).toBe('time')
    expect(at(0, { after: 90_000 })).toBe('time')
    expect(at(2, { team_id: '' })).toBe('team')
    expect(at(3, { brand_id: '' })).toBe('brand')
    expect(draft.map((_, place) => faultOf(draft, place))).toEqual([null, null, null, null, null])
  })

  it('grows by a rung that is whole at once', () => {
    const grown = withRung(withRung([]))
    expect(grown.map((rung) => [rung.after, rung.kind])).toEqual([
      [60, 'drop_preferred'],
      [120, 'lower_level'],
    ])
    expect(isWhole({ ...rules }, grown)).toBe(true)
  })

  it('is put in order by time', () => {
    const [first, second] = draftOf(LADDER)
    expect(sorted([second!, { ...first!, after: '' }, first!]).map((rung) => rung.after)).toEqual([60, 120, ''])
  })
})

it('wants a team to overflow into only where the line has an end', () => {
  const full = { kind: 'overflow_to_team', team_id: '' } as const
  expect(isWhole({ ...rules, when_full: full }, [])).toBe(true)
  expect(isWhole({ ...rules, queue_limit: 5, when_full: full }, [])).toBe(false)
})
