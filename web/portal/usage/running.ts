// Days of a meter added up, and on to the end of the period as the forecast says.
import type { Meter } from 'client/types'

const DAY_MS = 86_400_000

export interface Running {
  /** Every day of the period, also those to come. */
  days: string[]
  /** The sum at the end of each day; null for days to come. */
  used: (number | null)[]
  /** From today's sum to what it will have been; null for days gone by, and everywhere without a forecast. */
  forecast: (number | null)[]
}

const name = (at: number) => new Date(at).toISOString().slice(0, 10)

export function running(meter: Pick<Meter, 'daily' | 'forecast'>, to: string): Running {
  const { daily, forecast } = meter
  const days = daily.map((day) => day.day)
  const last = days.at(-1)
  // The period's end is the first instant after it.
  const end = name(Date.parse(to) - 1)
  for (let at = Date.parse(last ?? end) + DAY_MS; name(at) <= end && days.length < 400; at += DAY_MS)
    days.push(name(at))
  let sum = 0
  const used: (number | null)[] = daily.map((day) => (sum += day.quantity))
  const ahead = days.length - daily.length
  const today = daily.length - 1
  const steps = (index: number) => (forecast === null || today < 0 ? null : sum + ((forecast - sum) * index) / ahead)
  return {
    days,
    used: [...used, ...days.slice(daily.length).map(() => null)],
    forecast: days.map((_, index) => (index < today || ahead === 0 ? null : steps(index - today))),
  }
}

/** The top of the scale. What is included is in sight unless everything else would be a line on the ground. */
export function top(run: Running, included: number | null): { most: number; shows: boolean } {
  const reached = Math.max(4, ...[...run.used, ...run.forecast].map((value) => value ?? 0))
  const shows = included !== null && included <= reached * 4
  return { most: Math.max(reached, shows ? included : 0), shows }
}
