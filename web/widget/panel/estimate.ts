// Waiting times as people say them. Nothing is said that is not known.

import { roundedWait, soon } from 'client/estimate'
import type { WaitEstimate } from 'client/types'
import type { Words } from './i18n'

export function estimateWords(words: Words, estimate: WaitEstimate | null): string | null {
  if (!estimate) return null
  if (soon(estimate)) return words.t('waitSoon')
  const time = roundedWait(estimate)
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
