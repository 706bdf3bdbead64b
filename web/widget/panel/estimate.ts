// Waiting times as people say them: whole minutes while it is short, rounder the longer it takes, always with what it may
// become. Nothing is said that is not known.

import type { WaitEstimate } from 'client/types'
import type { Words } from './i18n'

const MINUTE = 60
/** Whoever is told of half a day waits for another day. */
const LONGEST_S = 12 * 60 * MINUTE

interface Rounded {
  unit: 'minutes' | 'hours'
  about: number
  low: number
  high: number
}

export function rounded({ seconds, low_seconds, high_seconds }: WaitEstimate): Rounded | null {
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

export function estimateWords(words: Words, estimate: WaitEstimate | null): string | null {
  if (!estimate) return null
  if (estimate.high_seconds <= MINUTE) return words.t('waitSoon')
  const time = rounded(estimate)
  if (!time) return null
  const number = new Intl.NumberFormat(words.locale, { maximumFractionDigits: 1 })
  const [about, low, high] = [time.about, time.low, time.high].map((each) => number.format(each)) as [
    string,
    string,
    string,
  ]
  const one = time.about === 1
  const said = words.t(time.unit === 'hours' ? (one ? 'waitHour' : 'waitHours') : one ? 'waitMinute' : 'waitMinutes', {
    about,
  })
  if (time.low === time.high) return said
  return said + (time.low > 0 ? words.t('waitRange', { low, high }) : words.t('waitUpTo', { high }))
}

/** When the doors open, in the reader's own time zone. */
export function opensWords(words: Words, opensAt: string | null, now = Date.now()): string | null {
  const at = opensAt ? Date.parse(opensAt) : Number.NaN
  if (Number.isNaN(at)) return null
  const time = words.time(at)
  const days = Math.round((midnight(at) - midnight(now)) / 86_400_000)
  if (days <= 0) return words.t('atToday', { time })
  if (days === 1) return words.t('atTomorrow', { time })
  const day = new Intl.DateTimeFormat(
    words.locale,
    days < 7 ? { weekday: 'long' } : { weekday: 'short', month: 'long', day: 'numeric' },
  ).format(at)
  return words.t('atDay', { day, time })
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0)
}
