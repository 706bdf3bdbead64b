// Everything the console knows, as one value.
import type { ApiProblem } from 'client/http'
import type { OutboxEntry } from 'client/outbox'
import type { RealtimeState } from 'client/realtime'
import { emptyThread, type Thread } from 'client/thread'
import type {
  Agent,
  Conversation,
  ConversationCounts,
  ConversationSummary,
  EmergencyNotice,
  Message,
  Sender,
} from 'client/types'
import { VIEWS, type View } from './views'

export interface ListState {
  status: 'new' | 'loading' | 'ready' | 'failed'
  loadingMore: boolean
  problem: unknown
  /** Where the next page begins; null when there is none. */
  cursor: string | null
  /** The last page's end: older conversations are not known completely. Null when all are loaded. */
  horizon: string | null
}

export interface ThreadState {
  status: 'loading' | 'ready' | 'failed'
  problem: unknown
  thread: Thread<Message>
  hasOlder: boolean
  loadingOlder: boolean
  olderProblem: unknown
}

/** A conversation that is mine if I take it in time. */
export interface Offer {
  conversation: Conversation
  /** In local milliseconds. */
  expiresAt: number
  /** How long there was to think about it. */
  seconds: number
  busy: boolean
  /** The colleague who hands it over; null when the routing offers it. */
  from: string | null
  /** What is known of it; null for what has only just come. */
  summary: ConversationSummary | null
}

export interface QueuePulse {
  waiting: number
  longestSince: string | null
}

export type Typist = Pick<Sender, 'kind' | 'name'>

export interface DeskState {
  conversations: ReadonlyMap<string, Conversation>
  /** Asked for by a link, and not there. */
  missing: ReadonlyMap<string, ApiProblem>
  lists: Readonly<Record<View, ListState>>
  counts: ConversationCounts | null
  threads: ReadonlyMap<string, ThreadState>
  typists: ReadonlyMap<string, readonly Typist[]>
  agents: readonly Agent[]
  outbox: readonly OutboxEntry[]
  connection: RealtimeState
  /** When the connection was lost, in local milliseconds; null while it is up. */
  lostAt: number | null
  /** What the server has to do without at the moment. */
  degraded: readonly string[]
  /** The company's emergency plan; null until it was read. */
  emergency: EmergencyNotice | null
  offers: readonly Offer[]
  /** How far the server's clock is ahead of this device's, in milliseconds. */
  skew: number
  /** How the line is, as far as it was told. */
  queue: QueuePulse | null
}

const NEW_LIST: ListState = { status: 'new', loadingMore: false, problem: null, cursor: null, horizon: null }

export const NEW_THREAD: ThreadState = {
  status: 'loading',
  problem: null,
  thread: emptyThread<Message>(),
  hasOlder: false,
  loadingOlder: false,
  olderProblem: null,
}

export function initialState(): DeskState {
  return {
    conversations: new Map(),
    missing: new Map(),
    lists: Object.fromEntries(VIEWS.map((view) => [view, NEW_LIST])) as Record<View, ListState>,
    counts: null,
    threads: new Map(),
    typists: new Map(),
    agents: [],
    outbox: [],
    connection: 'idle',
    lostAt: null,
    degraded: [],
    emergency: null,
    offers: [],
    skew: 0,
    queue: null,
  }
}

/** A map with one entry changed; the same map when it would not change. */
export function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V | undefined): ReadonlyMap<K, V> {
  if (map.get(key) === value) return map
  const next = new Map(map)
  if (value === undefined) next.delete(key)
  else next.set(key, value)
  return next
}
