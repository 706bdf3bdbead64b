// What is known when a conversation begins: whom it is for, and what the page says of it. The choice of a team is kept on the
// device until the first message has gone with it.

import { ApiProblem } from 'client/http'
import type { WidgetStart } from 'client/types'
import type { About } from '../shared/about'
import type { Memory } from './memory'
import type { Store } from './store'

export interface Beginning {
  restore(): void
  choose(team: string | null): void
  /** What the page says; the last word holds. */
  about(about: About): void
  /** Sends a message that may open the conversation, with what is known. */
  send<T>(post: (start: WidgetStart | undefined) => Promise<T>): Promise<T>
}

export function createBeginning({ get, set }: Store, memory: Memory): Beginning {
  let attributes: About = {}

  function choose(team: string | null): void {
    set({ team })
    memory.set('team', team)
  }

  function known(): WidgetStart | undefined {
    const { team, config } = get()
    // Kept from an earlier page, it may be gone by now.
    const there = config?.teams?.some(({ id }) => id === team)
    const start: WidgetStart = {}
    if (team && there) start.team_id = team
    if (Object.keys(attributes).length > 0) start.attributes = attributes
    return Object.keys(start).length > 0 ? start : undefined
  }

  return {
    restore: () => set({ team: memory.get('team') }),
    choose,
    about(about) {
      attributes = about
    },
    async send(post) {
      try {
        return await post(known())
      } catch (error) {
        // Taken from the choice meanwhile: the message goes without it, rather than not at all.
        if (!(error instanceof ApiProblem) || !error.field('start/team_id')) throw error
        choose(null)
        return post(known())
      }
    },
  }
}
