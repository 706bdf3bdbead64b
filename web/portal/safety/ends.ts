// For how long a network is blocked.

const HOUR = 3_600_000
const HOURS = { hour: 1, day: 24, week: 168, month: 720, never: null } as const

export type End = keyof typeof HOURS

export const ENDS = Object.keys(HOURS) as End[]

/** The instant at which it ends; null for never. */
export function endOf(end: End, now: number): string | null {
  const hours = HOURS[end]
  return hours === null ? null : new Date(now + hours * HOUR).toISOString()
}
