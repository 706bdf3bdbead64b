// The ladder as the editor keeps it: rungs with a key of their own, waits in minutes and seconds, and what a step still lacks.
import type { PolicyRules, Rung, Step } from 'client/types'

export const MOST_RUNGS = 10
export const LONGEST_S = 86_400
export const STEPS = [
  'drop_preferred',
  'lower_level',
  'widen_to_team',
  'overflow_to_team',
  'overflow_to_brand',
  'message_form',
] as const
export type StepKind = (typeof STEPS)[number]

export interface DraftRung {
  key: number
  after: number | ''
  kind: StepKind
  by: number
  team_id: string
  brand_id: string
}

export function draftOf(ladder: readonly Rung[]): DraftRung[] {
  return ladder.map(({ after_seconds, step }, key) => ({
    key,
    after: after_seconds,
    kind: step.kind,
    by: step.kind === 'lower_level' ? step.by : 1,
    team_id: 'team_id' in step ? step.team_id : '',
    brand_id: 'brand_id' in step ? step.brand_id : '',
  }))
}

export function rungsOf(draft: readonly DraftRung[]): Rung[] {
  return draft.map((rung) => ({ after_seconds: Number(rung.after), step: stepOf(rung) }))
}

function stepOf({ kind, by, team_id, brand_id }: DraftRung): Step {
  switch (kind) {
    case 'lower_level':
      return { kind, by }
    case 'widen_to_team':
    case 'overflow_to_team':
      return { kind, team_id }
    case 'overflow_to_brand':
      return { kind, brand_id }
    default:
      return { kind }
  }
}

export type RungFault = 'time' | 'rising' | 'team' | 'brand'

/** What a rung lacks, and whether it comes after the one before it. */
export function faultOf(draft: readonly DraftRung[], at: number): RungFault | null {
  const { after, kind, team_id, brand_id } = draft[at]!
  if (after === '' || after < 1 || after > LONGEST_S) return 'time'
  const before = draft[at - 1]?.after
  if (typeof before === 'number' && after <= before) return 'rising'
  if ((kind === 'widen_to_team' || kind === 'overflow_to_team') && !team_id) return 'team'
  return kind === 'overflow_to_brand' && !brand_id ? 'brand' : null
}

/** One more rung, some time after the last, with a step that is not there yet. */
export function withRung(draft: readonly DraftRung[]): DraftRung[] {
  const last = draft.at(-1)?.after
  const free = (['drop_preferred', 'lower_level', 'message_form'] as const).find(
    (kind) => !draft.some((rung) => rung.kind === kind),
  )
  return [
    ...draft,
    {
      key: Math.max(-1, ...draft.map((rung) => rung.key)) + 1,
      after: Math.min(LONGEST_S, (typeof last === 'number' ? last : 0) + 60),
      kind: free ?? 'lower_level',
      by: 1,
      team_id: '',
      brand_id: '',
    },
  ]
}

/** Rungs in the order of their times; those without one stay at the end. */
export function sorted(draft: readonly DraftRung[]): DraftRung[] {
  return [...draft].sort((a, b) => (a.after === '' ? Infinity : a.after) - (b.after === '' ? Infinity : b.after))
}

export function isWhole(rules: Omit<PolicyRules, 'ladder'>, ladder: readonly DraftRung[]): boolean {
  if (!ladder.every((_, at) => faultOf(ladder, at) === null)) return false
  return !(rules.when_full.kind === 'overflow_to_team' && rules.queue_limit !== null && !rules.when_full.team_id)
}
