// Messages that wait for a frame. They are in the page's own storage, for there is no other, and only until the frame has sent them.

import { LONGEST_LEFT, readLeft, type LeftMessage } from '../shared/left'
import { randomId } from './random'

export interface Left {
  /** The oldest of them, in order. */
  all(): LeftMessage[]
  /** Whether they are still there on the next page. */
  lasting(): boolean
  keep(text: string): void
  /** These have arrived, or their author has taken them back. */
  taken(ids: unknown): void
  forget(): void
}

export function createLeft(key: string): Left {
  // A key each, never one list: two tabs that wrote one list would erase each other's messages.
  const prefix = `frontdesk:${key}:left:`
  /** For pages that may store nothing. */
  const held = new Map<string, LeftMessage>()

  function names(): string[] {
    try {
      return Object.keys(localStorage).filter((name) => name.startsWith(prefix))
    } catch {
      return []
    }
  }

  function remove(name: string): void {
    held.delete(name)
    try {
      localStorage.removeItem(name)
    } catch {
      // Withdrawn: what is not there any more need not be removed.
    }
  }

  function stored(name: string): unknown {
    try {
      const message = JSON.parse(localStorage.getItem(name) ?? 'null') as Partial<LeftMessage> | null
      if (prefix + message?.id === name) return message
    } catch {
      // Damaged, or withdrawn.
    }
    // By another name than its own it could never be taken as sent, and would be handed over for ever.
    remove(name)
    return null
  }

  const all = () => readLeft([...names().map(stored), ...held.values()])

  return {
    all,
    lasting: () => held.size === 0,
    keep(text) {
      // Strictly rising, so that two messages of one millisecond keep their order.
      const at = Math.max(Date.now(), (all().at(-1)?.at ?? 0) + 1)
      const message: LeftMessage = { id: randomId(), text: text.slice(0, LONGEST_LEFT), at }
      const name = prefix + message.id
      try {
        localStorage.setItem(name, JSON.stringify(message))
      } catch {
        held.set(name, message)
      }
    },
    taken(ids) {
      if (Array.isArray(ids)) for (const id of ids) remove(`${prefix}${id}`)
    },
    forget() {
      for (const name of [...names(), ...held.keys()]) remove(name)
    },
  }
}
