// A rule as the editor keeps it: conditions as a name and a value each, so that their kind may be changed without losing words.
import type { Condition, Demand, Effects, RoutingRule } from 'client/types'

export const CONDITIONS = [
  'page_contains',
  'contact_tag',
  'intent',
  'locale',
  'inbox',
  'attribute',
  'answer',
  'hours',
] as const satisfies readonly Condition['kind'][]
export type ConditionKind = Condition['kind']
export const PRIORITIES = ['low', 'medium', 'high', 'urgent'] as const
export const MOST_CONDITIONS = 20

export interface DraftCondition {
  key: number
  kind: ConditionKind
  /** Which attribute or answer; empty for the rest. */
  name: string
  /** Words; the id of an inbox; for hours, `open` or `closed`. */
  value: string
}

export interface RuleDraft {
  name: string
  active: boolean
  conditions: DraftCondition[]
  require: Demand[]
  prefer: Demand[]
  team_id: string
  priority: string
  vip: boolean
}

export function needsName(kind: ConditionKind): boolean {
  return kind === 'attribute' || kind === 'answer'
}

/** The condition as one of another kind: words stay, what was chosen from a list does not. */
export function ofKind(condition: DraftCondition, kind: ConditionKind): DraftCondition {
  if (kind === condition.kind) return condition
  const listed = [kind, condition.kind].some((each) => each === 'inbox' || each === 'hours')
  return { ...condition, kind, value: kind === 'hours' ? 'closed' : listed ? '' : condition.value }
}

/** The moment that a field for date and time names, by the clock of this browser; null when it is empty. */
export function instantOf(local: string): string | null {
  return local ? new Date(local).toISOString() : null
}

export function draftOf({
  name,
  active,
  conditions,
  effects,
}: Pick<RoutingRule, 'name' | 'active' | 'conditions' | 'effects'>): RuleDraft {
  return {
    name,
    active,
    conditions: conditions.map((condition, key) => ({ key, kind: condition.kind, ...wordsOf(condition) })),
    require: effects.require,
    prefer: effects.prefer,
    team_id: effects.team_id ?? '',
    priority: effects.priority ?? '',
    vip: effects.vip,
  }
}

function wordsOf(condition: Condition): { name: string; value: string } {
  switch (condition.kind) {
    case 'contact_tag':
      return { name: '', value: condition.tag }
    case 'page_contains':
      return { name: '', value: condition.text }
    case 'attribute':
      return { name: condition.name, value: condition.equals }
    case 'answer':
      return { name: condition.key, value: condition.equals }
    case 'inbox':
      return { name: '', value: condition.inbox_id }
    case 'hours':
      return { name: '', value: condition.open ? 'open' : 'closed' }
    default:
      return { name: '', value: condition.equals }
  }
}

function conditionOf({ kind, name, value }: DraftCondition): Condition {
  const text = kind === 'inbox' ? value : value.trim()
  switch (kind) {
    case 'contact_tag':
      return { kind, tag: text }
    case 'page_contains':
      return { kind, text }
    case 'attribute':
      return { kind, name: name.trim(), equals: text }
    case 'answer':
      return { kind, key: name.trim(), equals: text }
    case 'inbox':
      return { kind, inbox_id: text }
    case 'hours':
      return { kind, open: value === 'open' }
    default:
      return { kind, equals: text }
  }
}

export interface RuleBody {
  name: string
  active: boolean
  conditions: Condition[]
  effects: Effects
}

export function bodyOf(draft: RuleDraft): RuleBody {
  return {
    name: draft.name.trim(),
    active: draft.active,
    conditions: draft.conditions.map(conditionOf),
    effects: {
      require: draft.require,
      prefer: draft.prefer,
      team_id: draft.team_id || null,
      priority: (draft.priority || null) as Effects['priority'],
      vip: draft.vip,
    },
  }
}

export function isConditionWhole({ kind, name, value }: DraftCondition): boolean {
  return value.trim() !== '' && (!needsName(kind) || name.trim() !== '')
}

/** A rule that does nothing is refused; the editor says so before. */
export function doesSomething({ require, prefer, team_id, priority, vip }: RuleDraft): boolean {
  return require.length + prefer.length > 0 || team_id !== '' || priority !== '' || vip
}

export function isWhole(draft: RuleDraft): boolean {
  return draft.name.trim() !== '' && draft.conditions.every(isConditionWhole) && doesSomething(draft)
}
