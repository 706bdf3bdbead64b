// What is known when a conversation begins: whom it is for. Kept on the device until the first message has gone with it.

import type { WidgetStart } from 'client/types'
import type { Memory } from './memory'
import type { Store } from './store'

export interface Beginning {
  restore(): void
  choose(team: string | null): void
  /** What the next message says of it. */
  get(): WidgetStart | undefined
}

export function createBeginning({ get, set }: Store, memory: Memory): Beginning {
  return {
    restore: () => set({ team: memory.get('team') }),
    choose(team) {
      set({ team })
      memory.set('team', team)
    },
    get() {
      const { team, config } = get()
      // Kept from an earlier page, it may be gone by now.
      const there = config?.teams?.some(({ id }) => id === team)
      return team && there ? { team_id: team } : undefined
    },
  }
}
