// What an agent does. Shown at once, taken back with a word if the server refuses.
import { ApiProblem, type Http } from 'client/http'
import type { Outbox } from 'client/outbox'
import type { Realtime } from 'client/realtime'
import type {
  Agent,
  ChosenAvailability,
  Conversation,
  ConversationStatus,
  Me,
  Message,
  Priority,
  Transfer,
} from 'client/types'
import { withAgentRead } from './conversations'
import type { DeskState } from './state'
import type { Store } from './store'

export interface Actions {
  send(conversationId: string, text: string, private_: boolean): void
  retrySend(clientMessageId: string): void
  discardSend(clientMessageId: string): void
  /** Said on every keystroke; paced by the socket. Notes are nobody's business, so they never show as typing. */
  typing(conversationId: string, on: boolean): void
  markRead(conversationId: string, seq: number): void
  assign(conversationId: string, agentId: string | null): Promise<void>
  setStatus(conversationId: string, status: ConversationStatus, snoozedUntil?: string): Promise<void>
  setPriority(conversationId: string, priority: Priority | null): Promise<void>
  setAvailability(availability: ChosenAvailability, reason?: string | null): Promise<void>
  /** Hands a conversation on, with a word for whoever gets it. */
  transfer(conversationId: string, transfer: Transfer): Promise<void>
  /** A supervisor's own: the conversation becomes mine, or I step in beside who has it. */
  takeOver(conversationId: string): Promise<void>
  join(conversationId: string): Promise<void>
  /** Asks whether somebody gets more than they take; for pages of those who may say so. */
  onFull(ask: AskIfFull): () => void
}

/** True to go on. */
type AskIfFull = (agentId: string) => Promise<boolean>

export function createActions(with_: {
  http: Http
  store: Store<DeskState>
  realtime: Realtime<Message, Conversation>
  outbox: Outbox
  me: Me
  patch: (id: string, change: (conversation: Conversation) => Conversation) => void
  upsert: (conversations: readonly Conversation[]) => void
}): Actions {
  const { http, store, realtime, outbox, me, patch, upsert } = with_
  /** The highest seq this tab has already reported, so that scrolling does not repeat it. */
  const reported = new Map<string, number>()

  /** Shows `change` at once; puts the same fields back when the server says no. */
  async function optimistic(
    id: string,
    change: Partial<Conversation>,
    ask: () => Promise<Conversation>,
  ): Promise<void> {
    const before = store.get().conversations.get(id)
    patch(id, (conversation) => ({ ...conversation, ...change }))
    try {
      upsert([await ask()])
    } catch (problem) {
      if (before) {
        const undo = Object.fromEntries(Object.keys(change).map((key) => [key, before[key as keyof Conversation]]))
        patch(id, (conversation) => ({ ...conversation, ...undo }))
      }
      throw problem
    }
  }

  let askIfFull: AskIfFull | null = null

  /** Does a deed, and does it once more when the one who gets the conversation is full and somebody says that this is meant. */
  async function orFull<T>(agentId: string | null, deed: (even: { even_if_full?: boolean }) => Promise<T>): Promise<T> {
    try {
      return await deed({})
    } catch (problem) {
      const isFull = problem instanceof ApiProblem && problem.code === 'agent_full'
      if (!isFull || agentId === null || !askIfFull || !(await askIfFull(agentId))) throw problem
      return deed({ even_if_full: true })
    }
  }

  function setMe(change: Partial<Agent>): void {
    store.set((state) => ({
      agents: state.agents.map((agent) => (agent.id === me.agent.id ? { ...agent, ...change } : agent)),
    }))
  }

  return {
    send(conversationId, text, private_) {
      if (!private_) realtime.typing(conversationId, false)
      outbox.add({ conversation_id: conversationId, text, private: private_ })
    },
    retrySend: (id) => outbox.retry(id),
    discardSend: (id) => outbox.discard(id),
    typing: (id, on) => realtime.typing(id, on),
    markRead(id, seq) {
      const conversation = store.get().conversations.get(id)
      if (!conversation || seq <= Math.max(conversation.agent_read_seq, reported.get(id) ?? 0)) {
        if (!conversation?.unread_count) return
      }
      reported.set(id, seq)
      patch(id, (each) => withAgentRead(each, seq))
      if (realtime.read(id, seq)) return
      http.post<Conversation>(`/v1/conversations/${id}/read`, { seq }).then(
        (after) => upsert([after]),
        () => reported.delete(id),
      )
    },
    assign(id, agentId) {
      const name = store.get().agents.find((agent) => agent.id === agentId)?.name ?? null
      return optimistic(id, { assignee_id: agentId, assignee_name: name }, () =>
        orFull(agentId, (even) => http.put(`/v1/conversations/${id}/assignee`, { agent_id: agentId, ...even })),
      )
    },
    setStatus(id, status, snoozedUntil) {
      const snoozed_until = status === 'snoozed' ? (snoozedUntil ?? null) : null
      return optimistic(id, { status, snoozed_until }, () =>
        http.put(`/v1/conversations/${id}/status`, { status, ...(snoozed_until ? { snoozed_until } : {}) }),
      )
    },
    setPriority: (id, priority) =>
      optimistic(id, { priority }, () => http.put(`/v1/conversations/${id}/priority`, { priority })),
    async transfer(id, transfer) {
      const to = transfer.to.kind === 'agent' ? transfer.to.agent_id : null
      const path = `/v1/conversations/${id}/transfer`
      upsert([await orFull(to, (even) => http.post<Conversation>(path, { ...transfer, ...even }))])
    },
    async takeOver(id) {
      const path = `/v1/conversations/${id}/take_over`
      const taken = await orFull(me.agent.id, (even) =>
        http.post<Conversation>(even.even_if_full ? `${path}?even_if_full=true` : path),
      )
      upsert([taken])
    },
    async join(id) {
      upsert([await http.post<Conversation>(`/v1/conversations/${id}/join`)])
    },
    onFull(ask) {
      askIfFull = ask
      return () => {
        if (askIfFull === ask) askIfFull = null
      }
    },
    async setAvailability(availability, reason = null) {
      const before = store.get().agents.find((agent) => agent.id === me.agent.id)
      setMe({ availability, chosen_availability: availability, away_reason: reason, availability_by: 'self' })
      try {
        setMe(await http.put<Agent>('/v1/agents/me/availability', { availability, reason }))
      } catch (problem) {
        if (before) setMe(before)
        throw problem instanceof ApiProblem ? problem : new ApiProblem({ code: 'unexpected' })
      }
    },
  }
}
