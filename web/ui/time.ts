// Times in words, short enough for a dense list.
import dayjs from 'dayjs'
import type { TFunction } from 'i18next'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** "now", "4m", "3h", "2d", then a date; the year only when it is not this one. */
export function shortAgo(t: TFunction, at: string, now: number, locale: string): string {
  const age = now - Date.parse(at)
  if (age < MINUTE) return t('time.now')
  if (age < HOUR) return t('time.minutes', { count: Math.floor(age / MINUTE) })
  if (age < DAY) return t('time.hours', { count: Math.floor(age / HOUR) })
  if (age < 7 * DAY) return t('time.days', { count: Math.floor(age / DAY) })
  return date(at, locale, dayjs(at).year() === dayjs(now).year() ? 'day' : 'year')
}

/** "3 minutes ago", for a sentence. */
export function longAgo(at: string, now: number, locale: string): string {
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const age = Math.max(0, now - Date.parse(at))
  if (age < MINUTE) return words.format(0, 'second')
  if (age < HOUR) return words.format(-Math.floor(age / MINUTE), 'minute')
  if (age < DAY) return words.format(-Math.floor(age / HOUR), 'hour')
  if (age < 30 * DAY) return words.format(-Math.floor(age / DAY), 'day')
  return date(at, locale)
}

export function clock(at: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' }).format(new Date(at))
}

export function date(at: string, locale: string, upTo: 'day' | 'year' = 'year'): string {
  const year = upTo === 'year' ? ({ year: 'numeric' } as const) : {}
  return new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', ...year }).format(new Date(at))
}

export function dateTime(at: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at))
}

/** A moment to come, as short as it stays clear: the time alone when it is today. */
export function moment(at: string, now: number, locale: string): string {
  const near = Math.abs(dayjs(at).diff(now, 'day')) < 7
  const day = dayjs(at).isSame(now, 'day')
    ? {}
    : near
      ? ({ weekday: 'short' } as const)
      : ({ month: 'short', day: 'numeric' } as const)
  return new Intl.DateTimeFormat(locale, { ...day, hour: 'numeric', minute: '2-digit' }).format(new Date(at))
}

/** "Today", "Yesterday", then a weekday and date. */
export function dayName(t: TFunction, at: string, now: number, locale: string): string {
  const day = dayjs(at).startOf('day')
  const days = dayjs(now).startOf('day').diff(day, 'day')
  if (days === 0) return t('time.today')
  if (days === 1) return t('time.yesterday')
  const year = day.year() === dayjs(now).year() ? {} : ({ year: 'numeric' } as const)
  return new Intl.DateTimeFormat(locale, { weekday: 'long', month: 'long', day: 'numeric', ...year }).format(
    new Date(at),
  )
}

/** Whether two instants fall on different days where the reader is. */
export function crossesDay(before: string | undefined, after: string): boolean {
  return before === undefined || !dayjs(before).isSame(after, 'day')
}
