// What was written to the loader while this panel could not be had: sent like everything else, once, and told to the loader when it
// has gone, so that it need not be kept on the page any longer.

import type { Outbox, OutboxEntry } from 'client/outbox'
import { readLeft } from '../shared/left'

export interface Left {
  /** What the loader has kept. */
  hear(messages: unknown): void
  /** The outbox has changed. */
  settle(entries: readonly OutboxEntry[]): void
}

export function createLeft(outbox: () => Pick<Outbox, 'adopt'>, gone: (ids: string[]) => void): Left {
  const waiting = new Set<string>()

  function tell(ids: string[]): void {
    for (const id of ids) waiting.delete(id)
    if (ids.length > 0) gone(ids)
  }

  return {
    hear(messages) {
      const settled: string[] = []
      for (const { id, text, at } of readLeft(messages)) {
        if (outbox().adopt({ client_message_id: id, text, created_at: at })) waiting.add(id)
        else settled.push(id)
      }
      tell(settled)
    },
    settle(entries) {
      tell([...waiting].filter((id) => !entries.some((entry) => entry.client_message_id === id)))
    },
  }
}
