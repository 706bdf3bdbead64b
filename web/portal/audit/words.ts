// An audit entry in words: a sentence by its action, and the rest of its detail as small facts.
import type { AuditEntry } from 'client/types'

export interface Fact {
  name: string
  value: string
}

/** The parts of the detail a sentence may use. */
export function params(entry: Pick<AuditEntry, 'detail'>): { name: string; email: string } {
  const text = (name: string) => (typeof entry.detail[name] === 'string' ? (entry.detail[name] as string) : '')
  return { name: text('name'), email: text('email') }
}

/** What the sentence did not say. Nothing that is null, for that means "not changed". */
export function facts(entry: Pick<AuditEntry, 'detail'>): Fact[] {
  return Object.entries(entry.detail)
    .filter(([name, value]) => value !== null && value !== undefined && name !== 'name' && name !== 'email')
    .map(([name, value]) => ({
      name,
      value: Array.isArray(value)
        ? value.map(String).join(', ')
        : typeof value === 'object'
          ? JSON.stringify(value)
          : String(value),
    }))
}
