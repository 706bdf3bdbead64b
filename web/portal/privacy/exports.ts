// What there is to say about an archive.
import type { DataExport } from 'client/types'

export const isGoingOn = ({ status }: Pick<DataExport, 'status'>) => status === 'waiting' || status === 'working'

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

/** So many bytes, as people say it. */
export function amount(bytes: number, language: string): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: UNITS[unit] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: digits,
  }).format(value)
}
