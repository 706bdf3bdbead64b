// Business hours as the editor shows them: the slots of a day, what is wrong with them, and the coming days by the wall clock.
import type { Calendar, Slot, SpecialDay, Weekday } from 'client/types'

export const WEEKDAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
/** Monday to Friday in one go. */
export const WORKDAYS = WEEKDAYS.slice(0, 5)
export const MOST_SLOTS = 12
export const MOST_SPECIAL = 400
const DAY = 24 * 60

/** Minutes since midnight; null for what is no time. */
export function minutesOf(text: string): number | null {
  const match = /^(\d{2}):(\d{2})$/.exec(text)
  if (!match) return null
  const [hours, minutes] = [Number(match[1]), Number(match[2])]
  return minutes < 60 && (hours < 24 || (hours === 24 && minutes === 0)) ? hours * 60 + minutes : null
}

export function isOvernight({ from, to }: Slot): boolean {
  const [start, end] = [minutesOf(from), minutesOf(to)]
  return start !== null && end !== null && end <= start
}

/** Where a slot begins and ends, counted from its day's midnight; null while it is not whole. */
function spanOf(slot: Slot): [number, number] | null {
  const [start, end] = [minutesOf(slot.from), minutesOf(slot.to)]
  if (start === null || end === null || start === DAY) return null
  return [start, end <= start ? end + DAY : end]
}

export type SlotFault = 'time' | 'overlap'

/** What is wrong with each slot of a day, the day's own ones only. */
export function faultsOf(slots: readonly Slot[]): (SlotFault | null)[] {
  const spans = slots.map(spanOf)
  return spans.map((span, at) => {
    if (!span) return 'time'
    const clash = spans.some((other, place) => place !== at && other && other[0] < span[1] && span[0] < other[1])
    return clash ? 'overlap' : null
  })
}

export function isWhole(calendar: Calendar): boolean {
  const days = [...WEEKDAYS.map((day) => calendar.weekly[day]), ...calendar.special.map((day) => day.slots)]
  return days.every((slots) => faultsOf(slots).every((fault) => fault === null)) && datesOnce(calendar.special)
}

export function datesOnce(special: readonly SpecialDay[]): boolean {
  return (
    special.every(({ date }) => /^\d{4}-\d{2}-\d{2}$/.test(date)) &&
    new Set(special.map(({ date }) => date)).size === special.length
  )
}

export interface DayPlan {
  date: string
  weekday: Weekday
  special: SpecialDay | null
  /** Open stretches in minutes of this day, in order, with what runs over from the day before. */
  spans: [number, number][]
}

/** The days from `first` on. By the wall clock there: what a change to summer time does to one night it does not show. */
export function plan(calendar: Calendar, first: string, days: number): DayPlan[] {
  return Array.from({ length: days }, (_, offset) => {
    const date = dateAfter(first, offset)
    const before = pairs(begins(calendar, dateAfter(date, -1))).filter(([, end]) => end > DAY)
    const own = pairs(begins(calendar, date))
    const spans = [
      ...before.map(([, end]): [number, number] => [0, end - DAY]),
      ...own.map(([start, end]): [number, number] => [start, Math.min(DAY, end)]),
    ]
    return {
      date,
      weekday: weekdayOf(date),
      special: calendar.special.find((day) => day.date === date) ?? null,
      spans: joined(spans),
    }
  })
}

function pairs(slots: readonly Slot[]): [number, number][] {
  return slots.map(spanOf).filter((span) => span !== null)
}

function begins({ weekly, special }: Calendar, date: string): readonly Slot[] {
  return special.find((day) => day.date === date)?.slots ?? weekly[weekdayOf(date)]
}

function joined(spans: [number, number][]): [number, number][] {
  const sorted = [...spans].sort((a, b) => a[0] - b[0])
  const result: [number, number][] = []
  for (const span of sorted) {
    const last = result.at(-1)
    if (last && span[0] <= last[1]) last[1] = Math.max(last[1], span[1])
    else result.push([...span])
  }
  return result
}

export function dateAfter(date: string, days: number): string {
  const at = new Date(`${date}T12:00:00Z`)
  at.setUTCDate(at.getUTCDate() + days)
  return at.toISOString().slice(0, 10)
}

export function weekdayOf(date: string): Weekday {
  return WEEKDAYS[(new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7]!
}

/** Which day it is in a time zone. */
export function todayIn(timeZone: string, now: number): string {
  try {
    return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(now)
  } catch {
    return new Date(now).toISOString().slice(0, 10)
  }
}

export function clockOf(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

/** A sensible next slot: after the last one, or an ordinary working day. */
export function nextSlot(slots: readonly Slot[]): Slot {
  const last = slots.length > 0 ? (minutesOf(slots[slots.length - 1]!.to) ?? DAY) : null
  if (last === null) return { from: '09:00', to: '18:00' }
  const from = Math.min(last + 60, DAY - 60)
  return { from: clockOf(from), to: clockOf(Math.min(from + 4 * 60, DAY)) }
}

export const EMPTY_WEEK: Calendar['weekly'] = { mon: [], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] }

/** What somebody begins with: an ordinary week. */
export function ordinary(timeZone: string): Calendar {
  const weekly = { ...EMPTY_WEEK }
  for (const day of WORKDAYS) weekly[day] = [{ from: '09:00', to: '18:00' }]
  return { time_zone: timeZone, weekly, special: [] }
}
