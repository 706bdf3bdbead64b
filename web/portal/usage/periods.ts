// Calendar months as the meters count them: in UTC, written YYYY-MM.

export const periodOf = (at: Date) => at.toISOString().slice(0, 7)

export function shift(period: string, months: number): string {
  const [year = 0, month = 1] = period.split('-').map(Number)
  return periodOf(new Date(Date.UTC(year, month - 1 + months, 1)))
}

/** From `last` back to `first`, both included; two years at most. */
export function periodsBack(first: string, last: string): string[] {
  const periods = [last]
  while (periods.length < 24) {
    const before = shift(periods.at(-1) ?? last, -1)
    if (before < first) break
    periods.push(before)
  }
  return periods
}

export function periodName(period: string, locale: string): string {
  const name = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' })
  return name.format(new Date(`${period}-01T00:00:00Z`))
}

/** "Jan 31": a day of a meter is a UTC day, wherever its reader is. */
export function dayName(day: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', timeZone: 'UTC' }).format(
    new Date(`${day}T00:00:00Z`),
  )
}
