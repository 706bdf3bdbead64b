// The console's engine: the socket, the outbox and the HTTP reads, kept together in one store. No React in here.
import { ApiProblem } from 'client/http'
import { createOutbox, type Outbox } from 'client/outbox'
import { createRealtime, type Realtime } from 'client/realtime'
import type { Session } from 'client/session'
import type {
  Agent,
  Contact,
  Conversation,
  ConversationCounts,
  Emergency,
  Me,
  Message,
  Page,
  QueueBoard,
} from 'client/types'
import { openVault } from 'client/vault'
import { pulseOf } from '../queue/fit'
import { createActions, type Actions } from './actions'
import { newer, withAgentRead, withContact, withMessage, withReceipt } from './conversations'
import { createLists, type Lists } from './lists'
import { createOffers, type Offers } from './offers'
import { initialState, put, type DeskState, type Typist } from './state'
import { createStore, type Store } from './store'
import { createThreads, type Threads } from './threads'
import { shiftCounts } from './views'

const COUNTS_SETTLE_MS = 800
/** While the socket is away, what is on screen is read again this often. */
const POLL_MS = 10_000
/** A refused socket is not tried again at once: the refusal may be for good. */
const REFUSED_MS = 3_000

export interface Incoming {
  conversation: Conversation
  message: Message
}

export interface Desk extends Actions, Offers, Omit<Lists, 'reload'>, Omit<Threads, 'take' | 'catchUp' | 'forget'> {
  readonly store: Store<DeskState>
  readonly me: Me
  readonly realtime: Realtime<Message, Conversation>
  readonly outbox: Outbox
  start(): void
  stop(): void
  /** Hears every message a visitor writes. */
  onIncoming(listener: (incoming: Incoming) => void): () => void
  /** Hears when a contact was changed by somebody. */
  onContact(listener: (contact: Contact) => void): () => void
  upsert(conversations: readonly Conversation[]): void
  reloadLists(): Promise<void>
  reloadAgents(): Promise<void>
}

export function createDesk(session: Session, me: Me): Desk {
  const { http } = session
  const store = createStore(initialState())
  const incomingListeners = new Set<(incoming: Incoming) => void>()
  const contactListeners = new Set<(contact: Contact) => void>()
  const cleanups: (() => void)[] = []
  let countsTimer: ReturnType<typeof setTimeout> | undefined
  let refusedTimer: ReturnType<typeof setTimeout> | undefined
  let pollTimer: ReturnType<typeof setInterval> | undefined

  const realtime = createRealtime<Message, Conversation>({ token: (force) => session.freshToken(force) })

  const outbox = createOutbox({
    deliver: async (entry) => {
      const { client_message_id, conversation_id, text } = entry
      const body = { client_message_id, text, private: entry.private ?? false }
      const message =
        realtime.state() === 'online'
          ? await realtime.send({ ...body, conversation_id })
          : await http.post<Message>(`/v1/conversations/${conversation_id}/messages`, body)
      receive(message)
    },
    onChange: (entries) => store.set({ outbox: entries }),
    storage: deviceStorage(),
    vault: openVault(),
    prefix: `frontdesk:outbox:${me.agent.id}:`,
  })

  function upsert(conversations: readonly Conversation[]): void {
    store.set((state) => {
      let { counts } = state
      const known = new Map(state.conversations)
      let changed = false
      for (const incoming of conversations) {
        const before = known.get(incoming.id)
        const after = newer(before, incoming)
        if (after === before) continue
        known.set(after.id, after)
        counts = shiftCounts(counts, before, after, me.agent.id)
        changed = true
      }
      return changed ? { conversations: known, counts } : {}
    })
  }

  function patch(id: string, change: (conversation: Conversation) => Conversation): void {
    store.set((state) => {
      const before = state.conversations.get(id)
      if (!before) return {}
      const after = change(before)
      return {
        conversations: put(state.conversations, id, after),
        counts: shiftCounts(state.counts, before, after, me.agent.id),
      }
    })
  }

  function drop(ids: readonly string[]): void {
    if (ids.length === 0) return
    store.set((state) => {
      const known = new Map(state.conversations)
      for (const id of ids) known.delete(id)
      return { conversations: known }
    })
  }

  const lists = createLists({ http, store, me: me.agent.id, upsert, drop })
  const threads = createThreads({ http, store, realtime, upsert })
  const actions = createActions({ http, store, realtime, outbox, me, patch, upsert })
  const { listen: listenToOffers, ...offers } = createOffers({ http, store, realtime, upsert })

  async function loadCounts(): Promise<void> {
    try {
      store.set({ counts: await http.get<ConversationCounts>('/v1/conversations/counts') })
    } catch {
      // The numbers at hand stay; the next change or reconnect asks again.
    }
  }

  async function loadEmergency(): Promise<void> {
    try {
      store.set({ emergency: await http.get<Emergency>('/v1/emergency') })
    } catch {
      // A frame tells of the next change; until then nothing is claimed.
    }
  }

  /** Frames tell of changes only: what stood in line before is asked for. */
  async function loadQueue(): Promise<void> {
    const before = store.get().queue
    try {
      const board = await http.get<QueueBoard>('/v1/queue')
      // A frame that came meanwhile is newer.
      if (store.get().queue === before) store.set({ queue: pulseOf(board) })
    } catch {
      // The next frame tells.
    }
  }

  function countsMayHaveChanged(): void {
    // Not put off by what comes meanwhile: on a busy desk something always does.
    countsTimer ??= setTimeout(() => {
      countsTimer = undefined
      void loadCounts()
    }, COUNTS_SETTLE_MS)
  }

  async function reloadAgents(): Promise<void> {
    try {
      const agents: Agent[] = []
      let cursor: string | null = null
      do {
        const page: Page<Agent> = await http.get('/v1/agents', { limit: 100, cursor })
        agents.push(...page.data)
        cursor = page.next_cursor
      } while (cursor)
      store.set({ agents })
    } catch {
      // Names of agents are missing meanwhile; ids are never shown instead.
    }
  }

  /** A message that became known, by whatever way. */
  function receive(message: Message): void {
    threads.take(message.conversation_id, [message])
    patch(message.conversation_id, (conversation) => withMessage(conversation, message))
    if (message.client_message_id) outbox.confirm(message.client_message_id)
  }

  async function announce(message: Message): Promise<void> {
    let conversation = store.get().conversations.get(message.conversation_id)
    if (!conversation) {
      // An old conversation that was never on screen: fetch it, so that it rises to the top of its list.
      try {
        conversation = await http.get<Conversation>(`/v1/conversations/${message.conversation_id}`)
        upsert([conversation])
      } catch {
        return
      }
    }
    if (message.message_type !== 'incoming') return
    for (const listener of incomingListeners) listener({ conversation, message })
  }

  function setTypist(id: string, typist: Typist, on: boolean): void {
    store.set((state) => {
      const others = (state.typists.get(id) ?? []).filter((o) => o.kind !== typist.kind || o.name !== typist.name)
      const next = on ? [...others, typist] : others
      return { typists: put(state.typists, id, next.length > 0 ? next : undefined) }
    })
  }

  /** Either the session is over, and asking says so; or the server changed its mind, and may once more. */
  function tryAgainLater(): void {
    clearTimeout(refusedTimer)
    refusedTimer = setTimeout(() => {
      void session.restore().then((now) => now.status === 'signed_in' && realtime.start())
    }, REFUSED_MS)
  }

  function listen(): void {
    cleanups.push(
      realtime.onState(() => {
        const connection = realtime.state()
        const up = connection === 'online'
        store.set((state) => ({ connection, lostAt: up ? null : (state.lostAt ?? Date.now()) }))
        if (up) outbox.flush()
        else store.set({ typists: new Map() })
        if (connection === 'refused') tryAgainLater()
      }),
      listenToOffers(),
      realtime.on('welcome', ({ server_time }) => {
        // What is amiss is said anew right after the welcome, and so is what is on offer.
        store.set({ degraded: [], offers: [], skew: Date.parse(server_time) - Date.now() || 0 })
        void loadEmergency()
        void lists.reload()
        void loadCounts()
        void loadQueue()
        void reloadAgents()
        void threads.catchUp()
      }),
      realtime.on('message.created', ({ message }) => {
        receive(message)
        void announce(message)
      }),
      realtime.on('resumed', ({ conversation_id, messages, conversation }) => {
        threads.take(conversation_id, messages)
        for (const message of messages) if (message.client_message_id) outbox.confirm(message.client_message_id)
        upsert([conversation])
      }),
      realtime.on('reset', ({ conversation_id }) => void threads.reload(conversation_id)),
      realtime.on('conversation.created', ({ conversation }) => {
        upsert([conversation])
        countsMayHaveChanged()
      }),
      realtime.on('conversation.updated', ({ conversation }) => {
        upsert([conversation])
        countsMayHaveChanged()
      }),
      realtime.on('conversation.hidden', ({ conversation_id }) => {
        // It has gone where this agent does not see it: as if it had never been.
        realtime.unfollow(conversation_id)
        drop([conversation_id])
        threads.forget(conversation_id)
        countsMayHaveChanged()
      }),
      realtime.on('conversation.read', ({ conversation_id, by, seq }) =>
        patch(conversation_id, (c) => (by === 'contact' ? withReceipt(c, 'read', seq) : withAgentRead(c, seq))),
      ),
      realtime.on('conversation.delivered', ({ conversation_id, seq }) =>
        patch(conversation_id, (c) => withReceipt(c, 'delivered', seq)),
      ),
      realtime.on('typing', ({ conversation_id, by, on }) => setTypist(conversation_id, by, on)),
      realtime.on('service.updated', ({ degraded }) => store.set({ degraded })),
      realtime.on('queue.updated', (frame) => {
        if (!('waiting' in frame)) return
        // Whoever does not see everybody who waits counts those on the board.
        if (typeof frame.waiting !== 'number') return void loadQueue()
        store.set({ queue: { waiting: frame.waiting, longestSince: frame.longest_since ?? null } })
      }),
      realtime.on('emergency.updated', ({ emergency }) => store.set({ emergency })),
      realtime.on('presence.updated', (frame) => {
        if (!('agent_id' in frame)) return
        const { agent_id, availability } = frame
        // Somebody who misses offers is set to away by the server, with a reason that the frame does not carry.
        if (agent_id === me.agent.id) void reloadAgents()
        store.set((state) => ({
          agents: state.agents.map((agent) => (agent.id === agent_id ? { ...agent, availability } : agent)),
        }))
      }),
      realtime.on('contact.updated', ({ contact }) => {
        store.set((state) => {
          let conversations: DeskState['conversations'] = state.conversations
          for (const each of state.conversations.values()) {
            conversations = put(conversations, each.id, withContact(each, contact))
          }
          return { conversations }
        })
        if (contact.erased_at) {
          // Nothing that they have written may stay on anybody's screen.
          for (const each of store.get().conversations.values()) {
            if (each.contact.id === contact.id) void threads.reload(each.id)
          }
        }
        for (const listener of contactListeners) listener(contact)
      }),
      session.subscribe(() => {
        const token = session.token()
        if (token) realtime.renew(token)
      }),
    )
  }

  function poll(): void {
    const { connection, lostAt } = store.get()
    if (connection === 'online' || connection === 'offline' || lostAt === null) return
    if (document.visibilityState === 'hidden') return
    void lists.reload()
    void threads.catchUp()
  }

  return {
    ...lists,
    ...threads,
    ...actions,
    ...offers,
    store,
    me,
    realtime,
    outbox,
    upsert,
    reloadAgents,
    reloadLists: lists.reload,
    start() {
      listen()
      realtime.start()
      void loadCounts()
      void reloadAgents()
      pollTimer = setInterval(poll, POLL_MS)
    },
    stop() {
      for (const cleanup of cleanups.splice(0)) cleanup()
      clearTimeout(countsTimer)
      countsTimer = undefined
      clearTimeout(refusedTimer)
      clearInterval(pollTimer)
      realtime.stop()
      outbox.close()
    },
    onIncoming(listener) {
      incomingListeners.add(listener)
      return () => incomingListeners.delete(listener)
    },
    onContact(listener) {
      contactListeners.add(listener)
      return () => contactListeners.delete(listener)
    },
  }
}

/** Merely naming localStorage throws where cookies are blocked. */
function deviceStorage(): Storage | undefined {
  try {
    return localStorage
  } catch {
    return undefined
  }
}

/** Whether a problem means "not there", as opposed to "not now". */
export function isGone(problem: unknown): problem is ApiProblem {
  return problem instanceof ApiProblem && (problem.status === 404 || problem.status === 403)
}
