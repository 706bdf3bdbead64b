// Which list a conversation stands in, and when a list may be trusted.
import { describe, expect, it } from 'vitest'
import type { Conversation } from 'client/types'
import { belongs, contradicted, listOf, shiftCounts } from './views'
import { conversation } from './fixtures'

const ME = 'agent_me'
const at = (minute: number) => `2026-03-10T10:${String(minute).padStart(2, '0')}:00Z`
const make = (id: string, minute: number, over: Partial<Conversation> = {}) =>
  conversation({ id, last_activity_at: at(minute), ...over })
const ids = (list: Conversation[]) => list.map(({ id }) => id)

describe('belongs', () => {
  it('sorts by status and assignee', () => {
    const mine = make('a', 1, { assignee_id: ME })
    expect([belongs(mine, 'mine', ME), belongs(mine, 'unassigned', ME), belongs(mine, 'open', ME)]).toEqual([
      true,
      false,
      true,
    ])
    const snoozed = make('b', 1, { status: 'snoozed', assignee_id: ME })
    expect([belongs(snoozed, 'mine', ME), belongs(snoozed, 'snoozed', ME)]).toEqual([false, true])
  })
})

describe('listOf', () => {
  const all = [make('old', 1), make('new', 9), make('mid', 5)]

  it('puts the newest first', () => {
    expect(ids(listOf(all, 'open', ME, null))).toEqual(['new', 'mid', 'old'])
  })

  it('hides what lies beyond the loaded pages', () => {
    expect(ids(listOf(all, 'open', ME, at(5)))).toEqual(['new', 'mid'])
  })

  it('keeps the one on screen after it left', () => {
    const done = make('mid', 5, { status: 'resolved' })
    expect(ids(listOf([make('new', 9), done], 'open', ME, null, 'mid'))).toEqual(['new', 'mid'])
  })
})

it('finds what a fresh page contradicts, within its reach only', () => {
  const all = [make('gone', 8), make('here', 7), make('beyond', 1)]
  expect(contradicted(all, 'open', ME, [make('here', 7)], at(5))).toEqual(['gone'])
})

describe('shiftCounts', () => {
  const counts = { mine: 1, unassigned: 2, all_open: 3, pending: 0, snoozed: 0, resolved: 9 }

  it('moves one from list to list', () => {
    const before = make('a', 1)
    expect(shiftCounts(counts, before, { ...before, assignee_id: ME }, ME)).toEqual({
      ...counts,
      mine: 2,
      unassigned: 1,
    })
    expect(shiftCounts(counts, before, { ...before, status: 'resolved' }, ME)).toEqual({
      ...counts,
      unassigned: 1,
      all_open: 2,
      resolved: 10,
    })
  })

  it('does not guess about a conversation it never saw', () => {
    expect(shiftCounts(counts, undefined, make('a', 1), ME)).toBe(counts)
  })
})
