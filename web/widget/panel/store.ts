// The panel's whole state, as one value that views subscribe to.

import { useEffect, useState } from 'preact/hooks'
import type { RealtimeState } from 'client/realtime'
import { emptyThread, type Thread } from 'client/thread'
import type {
  EmergencyNotice,
  QueuePlace,
  WaitingCard,
  WidgetConfig,
  WidgetConversation,
  WidgetMessage,
} from 'client/types'
import type { Choices } from '../shared/protocol'
import type { Locale } from './i18n'
import type { LeaveKind } from './waiting'

export interface PanelState {
  /** `refused` is final: this inbox cannot be served. */
  phase: 'loading' | 'ready' | 'refused'
  /**
   * `blocked` may read, `unknown` may not even that: the inbox takes only those for whom the site vouches. Nor may `outside`: the
   * company lets nobody in from this network.
   */
  standing: 'welcome' | 'blocked' | 'unknown' | 'outside'
  /** Whether the company's own server vouches for who is here. */
  verified: boolean
  config: WidgetConfig | null
  choices: Choices
  locale: Locale
  /** Whether the panel can be seen, and whether it fills a phone's screen. */
  open: boolean
  full: boolean
  online: boolean
  conversation: WidgetConversation | null
  thread: Thread<WidgetMessage>
  history: 'none' | 'loading' | 'ready' | 'failed'
  loadingEarlier: boolean
  /** The agent who is typing; an empty name is one too. */
  typing: string | null
  connection: RealtimeState
  /** The network is known to be gone. */
  offline: boolean
  /** The server does not answer, and has not for a few seconds. */
  unreachable: boolean
  /** The company's emergency plan: what it says while it is on, and its other contacts, known at all times. */
  notice: EmergencyNotice
  /** Rises with every message that got through late. */
  delivered: number
  unread: number
  teaser: WidgetMessage | null
  draft: string
  /** `asked` shows the card; an address is shown with thanks. */
  contact: { asked: boolean; email: string | null }
  /** The place in the line; null when one does not wait. */
  queue: QueuePlace | null
  /** How far the bar is, from 0 to 1. */
  bar: number
  /** The way out of the line that was taken on this page. */
  left: LeaveKind | null
  /** What there is to look at meanwhile. */
  shelf: WaitingCard[]
  /** The panel is a sample of itself, with nothing behind it. */
  sample: boolean
  /** Whom the first message is for, where that may be chosen. */
  team: string | null
  /** Rises with every reason to put the keyboard into the composer. */
  focusRequest: number
}

export const initialState: PanelState = {
  phase: 'loading',
  standing: 'welcome',
  verified: false,
  config: null,
  choices: {},
  locale: 'en',
  open: false,
  full: false,
  online: false,
  conversation: null,
  thread: emptyThread(),
  history: 'none',
  loadingEarlier: false,
  typing: null,
  connection: 'idle',
  offline: false,
  unreachable: false,
  notice: { active: false, message: null, contacts: [] },
  delivered: 0,
  unread: 0,
  teaser: null,
  draft: '',
  contact: { asked: false, email: null },
  queue: null,
  bar: 0,
  left: null,
  shelf: [],
  sample: false,
  team: null,
  focusRequest: 0,
}

export interface Store {
  get(): PanelState
  set(change: Partial<PanelState>): void
  subscribe(listener: () => void): () => void
}

export function createStore(state: PanelState = initialState): Store {
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    set(change) {
      const names = Object.keys(change) as (keyof PanelState)[]
      if (names.every((name) => Object.is(state[name], change[name]))) return
      state = { ...state, ...change }
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export function useStore(store: Store): PanelState {
  const [state, setState] = useState(store.get)
  useEffect(() => {
    setState(store.get())
    return store.subscribe(() => setState(store.get()))
  }, [store])
  return state
}
