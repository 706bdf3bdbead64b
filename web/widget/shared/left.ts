// What a visitor wrote while not even the frame could be had. It comes from storage that others can write, and from a page that we
// do not know: whatever is not whole is left out.

export interface LeftMessage {
  /** The message's own id, under which a repeat finds the first one. */
  id: string
  text: string
  /** When it was written, in local milliseconds. */
  at: number
}

export const LONGEST_LEFT = 4000
/** How many are handed over at once; the rest follows. */
const AT_ONCE = 20
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function readLeft(value: unknown): LeftMessage[] {
  if (!Array.isArray(value)) return []
  const found: LeftMessage[] = []
  for (const item of value as (Partial<LeftMessage> | null)[]) {
    const { id, text, at } = item ?? {}
    if (typeof id !== 'string' || !ID.test(id) || typeof text !== 'string' || !text.trim()) continue
    if (typeof at === 'number' && Number.isFinite(at)) found.push({ id, text: text.slice(0, LONGEST_LEFT), at })
  }
  return found.sort((a, b) => a.at - b.at).slice(0, AT_ONCE)
}
