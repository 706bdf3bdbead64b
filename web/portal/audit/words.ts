// An audit entry in words: a sentence by its action, and the rest of its detail as small facts.
import type { AuditEntry } from 'client/types'

export interface Fact {
  name: string
  value: string
}

const MOST_LISTED = 4

/** The parts a sentence may use. What the entry does not name itself is known by its id, or shown as that. */
export function params(
  entry: Pick<AuditEntry, 'detail' | 'target'>,
  known: ReadonlyMap<string, string> = new Map(),
): { name: string; email: string } {
  const target = entry.target ? (known.get(entry.target) ?? entry.target) : ''
  const text = (name: string) => (typeof entry.detail[name] === 'string' ? (entry.detail[name] as string) : target)
  return { name: text('name'), email: text('email') }
}

function list(values: readonly unknown[]): string {
  const shown = values.slice(0, values.length > MOST_LISTED ? MOST_LISTED - 1 : MOST_LISTED).map(String)
  const more = values.length - shown.length
  return [...shown, ...(more > 0 ? [`+${more}`] : [])].join(', ')
}

/** What the sentence did not say. Nothing that is null, for that means "not changed". */
export function facts(entry: Pick<AuditEntry, 'detail'>): Fact[] {
  return Object.entries(entry.detail)
    .filter(([name, value]) => value !== null && value !== undefined && name !== 'name' && name !== 'email')
    .map(([name, value]) => ({
      name,
      value: Array.isArray(value) ? list(value) : typeof value === 'object' ? JSON.stringify(value) : String(value),
    }))
}
