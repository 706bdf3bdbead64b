// Shares of the ratings, for bars and percentages.
import type { SurveySummary } from 'client/types'

export const STARS = [5, 4, 3, 2, 1] as const
export type Star = (typeof STARS)[number]

/** 0..1 of all ratings, by number of stars. */
export function distribution(
  summary: Pick<SurveySummary, 'count' | 'ratings'>,
): { star: Star; count: number; share: number }[] {
  return STARS.map((star) => {
    const count = summary.ratings[star] ?? 0
    return { star, count, share: summary.count > 0 ? count / summary.count : 0 }
  })
}

/** How many of those asked have answered, 0..1; null when nobody was asked. */
export function answeredShare(summary: { asked?: number; count: number }): number | null {
  return summary.asked ? Math.min(1, summary.count / summary.asked) : null
}

/** Four and five stars, as the field counts satisfaction. */
export function satisfied(summary: Pick<SurveySummary, 'count' | 'ratings'>): number | null {
  return summary.count > 0 ? ((summary.ratings[4] ?? 0) + (summary.ratings[5] ?? 0)) / summary.count : null
}

/** Whole per cent; what is more than nothing and less than one says so. */
export function percent(share: number, locale: string): string {
  const whole = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 })
  return share > 0 && share < 0.01 ? `<${whole.format(0.01)}` : whole.format(share)
}
