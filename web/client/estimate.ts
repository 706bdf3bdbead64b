// How long a wait is said to take: whole minutes while it is short, rounder the longer it takes, always with what it may become.
// The visitor is told so, and the board says what the visitor was told.

import type { WaitEstimate } from './types'

const MINUTE = 60
/** Whoever is told of half a day waits for another day. */
const LONGEST_S = 12 * 60 * MINUTE

export interface RoundedWait {
  unit: 'minutes' | 'hours'
  about: number
  low: number
  high: number
}

/** Null for what nobody waits for. */
export function roundedWait({ seconds, low_seconds, high_seconds }: WaitEstimate): RoundedWait | null {
  if (!(seconds >= 0 && seconds <= LONGEST_S)) return null
  const minutes = seconds / MINUTE
  const [unit, step] =
    minutes < 10
      ? (['minutes', MINUTE] as const)
      : minutes < 40
        ? (['minutes', 5 * MINUTE] as const)
        : minutes < 90
          ? (['minutes', 15 * MINUTE] as const)
          : (['hours', 30 * MINUTE] as const)
  const whole = unit === 'hours' ? 60 * MINUTE : MINUTE
  const to = (steps: number) => (steps * step) / whole
  const about = to(Math.max(1, Math.round(seconds / step)))
  return {
    unit,
    about,
    // The range is opened by rounding, never narrowed.
    low: Math.min(about, to(Math.floor(low_seconds / step))),
    high: Math.max(about, to(Math.ceil(high_seconds / step))),
  }
}

/** So little that no number is said. */
export function soon({ high_seconds }: WaitEstimate): boolean {
  return high_seconds <= MINUTE
}
