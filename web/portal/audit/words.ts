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
  return { name: typeof entry.detail['title'] === 'string' ? entry.detail['title'] : text('name'), email: text('email') }
}

const SAID = ['name', 'email', 'title']

function isFilled(value: unknown): boolean {
  if (typeof value !== 'object') return value !== undefined
  return value !== null && Object.values(value).some(isFilled)
}

function list(values: readonly string[]): string {
  const shown = values.slice(0, values.length > MOST_LISTED ? MOST_LISTED - 1 : MOST_LISTED)
  const more = values.length - shown.length
  return [...shown, ...(more > 0 ? [`+${more}`] : [])].join(', ')
}

/** A browser is known by what it is, an id by what it is called, and anything with parts by its parts. */
function told(name: string, value: unknown, known: ReadonlyMap<string, string>): string {
  if (typeof value !== 'object' || value === null) return known.get(String(value)) ?? String(value)
  if (Array.isArray(value)) {
    const plain = value.every((one) => typeof one !== 'object')
    return plain ? list(value.map((one) => told(name, one, known))) : String(value.length)
  }
  const parts = Object.entries(value).filter(([, part]) => isFilled(part))
  return list(parts.map(([part, of]) => (name === 'device' ? String(of) : `${part}: ${told(part, of, known)}`)))
}

/** What the sentence did not say. Nothing that is empty, for that means "not changed". */
export function facts(entry: Pick<AuditEntry, 'detail'>, known: ReadonlyMap<string, string> = new Map()): Fact[] {
  return Object.entries(entry.detail)
    .filter(([name, value]) => (Array.isArray(value) || isFilled(value)) && !SAID.includes(name))
    .map(([name, value]) => ({ name, value: told(name, value, known) }))
}
