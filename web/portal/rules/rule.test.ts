// Every kind of condition survives the editor, and what is not whole is not sent.
import { expect, it } from 'vitest'
import type { Condition, Effects } from 'client/types'
import { bodyOf, CONDITIONS, doesSomething, draftOf, instantOf, isWhole, ofKind } from './rule'

const conditions: Condition[] = [
  { kind: 'page_contains', text: '/de/' },
  { kind: 'contact_tag', tag: 'vip' },
  { kind: 'intent', equals: 'refund' },
  { kind: 'locale', equals: 'de' },
  { kind: 'inbox', inbox_id: 'inbox_1' },
  { kind: 'attribute', name: 'plan', equals: 'gold' },
  { kind: 'answer', key: 'topic', equals: 'tea' },
  { kind: 'hours', open: false },
]
const effects: Effects = {
  require: [{ skill_id: 'skill_1', level: 3 }],
  prefer: [],
  team_id: 'team_1',
  priority: 'high',
  vip: false,
}
const rule = { name: 'German visitors', active: true, conditions, effects }

it('brings every kind of condition back as it was', () => {
  expect(new Set(conditions.map(({ kind }) => kind))).toEqual(new Set(CONDITIONS))
  expect(bodyOf(draftOf(rule))).toEqual(rule)
})

it('is whole with a name, an effect and whole conditions', () => {
  const draft = draftOf(rule)
  expect(isWhole(draft)).toBe(true)
  expect(isWhole({ ...draft, name: ' ' })).toBe(false)
  expect(isWhole({ ...draft, conditions: [{ key: 0, kind: 'attribute', name: '', value: 'gold' }] })).toBe(false)
  const idle = { ...draft, require: [], team_id: '', priority: '' }
  expect([doesSomething(idle), doesSomething({ ...idle, vip: true })]).toEqual([false, true])
})

it('tells open from closed', () => {
  for (const open of [true, false]) {
    const hours: Condition = { kind: 'hours', open }
    expect(bodyOf(draftOf({ ...rule, conditions: [hours] })).conditions).toEqual([hours])
  }
})

it('keeps words when another kind is chosen, and nothing that was picked from a list', () => {
  const page = { key: 3, kind: 'page_contains', name: '', value: '/de/' } as const
  expect(ofKind(page, 'intent')).toEqual({ ...page, kind: 'intent' })
  const hours = ofKind(page, 'hours')
  expect(hours).toEqual({ ...page, kind: 'hours', value: 'closed' })
  expect(ofKind({ ...hours, value: 'open' }, 'hours').value).toBe('open')
  expect([ofKind(hours, 'inbox').value, ofKind(hours, 'intent').value, ofKind(page, 'inbox').value]).toEqual([
    '',
    '',
    '',
  ])
})

it('takes a moment by the clock of this browser, and none where none is given', () => {
  const noon = new Date(instantOf('2027-03-28T12:00') ?? '')
  expect([noon.getMonth(), noon.getDate(), noon.getHours()]).toEqual([2, 28, 12])
  expect(instantOf('')).toBeNull()
})
