// Amounts in words, and how near they are to their limit.
import type { Meter } from 'client/types'

export const wholeNumber = (amount: number, locale: string) => new Intl.NumberFormat(locale).format(amount)

/** Chinese readers count in ten thousands; "20 mille" and "2万" are both what the locale makes of it. */
export const compactNumber = (amount: number, locale: string) =>
  new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(amount)

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/** Binary steps, as plans are sold. */
export function bytes(amount: number, locale: string): string {
  let value = amount
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  const digits = value < 10 && unit > 0 ? 1 : 0
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value)} ${UNITS[unit]}`
}

export const amount = (meter: Meter['meter'], value: number, locale: string) =>
  meter === 'storage_bytes' ? bytes(value, locale) : wholeNumber(value, locale)

export type Level = 'calm' | 'near' | 'full'

/** `share` is 0..1 of the limit; null without one. */
export function fill(used: number, limit: number | null): { share: number | null; level: Level } {
  if (limit === null) return { share: null, level: 'calm' }
  const share = limit > 0 ? Math.min(1, used / limit) : 1
  return { share, level: share >= 1 ? 'full' : share >= 0.8 ? 'near' : 'calm' }
}
