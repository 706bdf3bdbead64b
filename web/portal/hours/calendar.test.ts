// Slots past midnight, special days, overlaps, and the two weeks to come.
import { describe, expect, it } from 'vitest'
import type { Calendar } from 'client/types'
import {
  datesOnce,
  dateAfter,
  EMPTY_WEEK,
  faultsOf,
  isOvernight,
  isWhole,
  minutesOf,
  nextSlot,
  ordinary,
  plan,
  todayIn,
  weekdayOf,
} from './calendar'

const slot = (from: string, to: string) => ({ from, to })
const calendar = (over: Partial<Calendar['weekly']>, special: Calendar['special'] = []): Calendar => ({
  time_zone: 'Asia/Shanghai',
  weekly: { ...EMPTY_WEEK, ...over },
  special,
})

describe('a slot', () => {
  it('is read strictly', () => {
    expect([minutesOf('09:30'), minutesOf('24:00'), minutesOf('24:01'), minutesOf('9:30'), minutesOf('')]).toEqual([
      570,
      1440,
      null,
      null,
      null,
    ])
  })

  it('may end on the next day', () => {
    expect([
      isOvernight(slot('21:00', '02:00')),
      isOvernight(slot('09:00', '24:00')),
      isOvernight(slot('00:00', '00:00')),
    ]).toEqual([true, false, true])
  })

  it('may touch another, not overlap it', () => {
    expect(faultsOf([slot('09:00', '12:00'), slot('12:00', '18:00')])).toEqual([null, null])
    expect(faultsOf([slot('09:00', '12:01'), slot('12:00', '18:00'), slot('', '')])).toEqual([
      'overlap',
      'overlap',
      'time',
    ])
    expect(faultsOf([slot('22:00', '02:00'), slot('23:00', '24:00')])).toEqual(['overlap', 'overlap'])
  })

  it('is followed by a sensible one', () => {
    expect(nextSlot([])).toEqual(slot('09:00', '18:00'))
    expect(nextSlot([slot('09:00', '12:00')])).toEqual(slot('13:00', '17:00'))
    expect(nextSlot([slot('09:00', '24:00')])).toEqual(slot('23:00', '24:00'))
  })
})

describe('the coming days', () => {
  // 2026-03-06 is a Friday.
  const night = calendar({ fri: [slot('09:00', '12:00'), slot('21:00', '02:00')], sat: [slot('01:00', '03:00')] })

  it('carry a night over into the next day, and join what meets', () => {
    const [friday, saturday, sunday] = plan(night, '2026-03-06', 3)
    expect(friday?.spans).toEqual([
      [540, 720],
      [1260, 1440],
    ])
    expect(saturday?.spans).toEqual([[0, 180]])
    expect(sunday?.spans).toEqual([])
  })

  it('replace the slots of a special day, not the night before it', () => {
    const special = [{ date: '2026-03-07', name: 'Holiday', slots: [] }]
    const days = plan({ ...night, special }, '2026-03-06', 2)
    expect(days[1]).toMatchObject({ weekday: 'sat', special: { name: 'Holiday' }, spans: [[0, 120]] })
  })

  it('cross months and leap days', () => {
    expect(dateAfter('2028-02-28', 1)).toBe('2028-02-29')
    expect(dateAfter('2026-01-01', -1)).toBe('2025-12-31')
    expect(weekdayOf('2026-03-08')).toBe('sun')
  })

  it('begin where it is today over there', () => {
    const now = Date.parse('2026-03-06T20:00:00Z')
    expect([todayIn('Asia/Shanghai', now), todayIn('America/New_York', now), todayIn('Not/AZone', now)]).toEqual([
      '2026-03-07',
      '2026-03-06',
      '2026-03-06',
    ])
  })
})

it('knows when it may be saved', () => {
  expect(isWhole(ordinary('UTC'))).toBe(true)
  expect(isWhole(calendar({ mon: [slot('09:00', '')] }))).toBe(false)
  const twice = { date: '2026-10-01', name: '', slots: [] }
  expect(datesOnce([twice, twice])).toBe(false)
  expect(isWhole(calendar({}, [twice, { ...twice, date: '' }]))).toBe(false)
})
