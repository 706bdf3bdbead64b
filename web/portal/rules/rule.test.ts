// Every kind of condition survives the editor, and what is not whole is not sent.
import { expect, it } from 'vitest'
import type { Condition, Effects } from 'client/types'
import { bodyOf, CONDITIONS, doesSomething, draftOf, isWhole } from './rule'

const conditions: Condition[] = [
  { kind: 'page_contains', text: '/de/' },
  { kind: 'contact_tag', tag: 'vip' },
  { kind: 'intent', equals: 'refund' },
  { kind: 'locale', equals: 'de' },
  { kind: 'inbox', inbox_id: 'inbox_1' },
  { kind: 'attribute', name: 'plan', equals: 'gold' },
  { kind: 'answer', key: 'topic', equals: 'tea' },
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
