// One conversation's messages as a value: merged by sequence number, with the sender's own unconfirmed ones behind them.
// Pure functions; whatever order frames come in, and however often, the same messages give the same thread.

/** What merging needs to know of a message. */
export interface ThreadMessage {
  seq: number
  client_message_id: string | null
}

/** A message of our own that the server has not confirmed yet. */
export interface PendingMessage {
  client_message_id: string
  text: string
  private?: boolean
  /** Local time in milliseconds, for display and order. */
  created_at: number
  state: 'sending' | 'waiting' | 'failed' | 'held'
  /** Why it failed or waits, as a problem code. */
  code?: string
}

export interface Thread<M extends ThreadMessage> {
  /** Ascending by `seq`, each once. */
  readonly messages: readonly M[]
  readonly pending: readonly PendingMessage[]
}

export function emptyThread<M extends ThreadMessage>(): Thread<M> {
  return { messages: [], pending: [] }
}

/**
 * Adds messages in any order; those already present are replaced by the newer copy, and pending ones among them become
 * confirmed. Returns the same object when nothing changed, so that views can skip a render.
 */
export function mergeMessages<M extends ThreadMessage>(thread: Thread<M>, incoming: readonly M[]): Thread<M> {
  if (incoming.length === 0) return thread
  const bySeq = new Map(thread.messages.map((message) => [message.seq, message]))
  let changed = false
  for (const message of incoming) {
    const present = bySeq.get(message.seq)
    if (present === message) continue
    bySeq.set(message.seq, message)
    changed = true
  }
  if (!changed) return thread
  const messages = [...bySeq.values()].sort((a, b) => a.seq - b.seq)
  const confirmed = new Set(messages.map((message) => message.client_message_id))
  const pending = thread.pending.filter((entry) => !confirmed.has(entry.client_message_id))
  return { messages, pending: pending.length === thread.pending.length ? thread.pending : pending }
}

/** Adds or updates an unconfirmed message. One that is already confirmed stays confirmed. */
export function putPending<M extends ThreadMessage>(thread: Thread<M>, entry: PendingMessage): Thread<M> {
  if (thread.messages.some((message) => message.client_message_id === entry.client_message_id)) return thread
  const others = thread.pending.filter((other) => other.client_message_id !== entry.client_message_id)
  const pending = [...others, entry].sort(
    (a, b) => a.created_at - b.created_at || (a.client_message_id < b.client_message_id ? -1 : 1),
  )
  return { messages: thread.messages, pending }
}

/** Takes an unconfirmed message away, when its author gives it up. */
export function dropPending<M extends ThreadMessage>(thread: Thread<M>, clientMessageId: string): Thread<M> {
  const pending = thread.pending.filter((entry) => entry.client_message_id !== clientMessageId)
  return pending.length === thread.pending.length ? thread : { messages: thread.messages, pending }
}

/** The highest `seq` at hand, 0 when there is none. */
export function lastSeq(thread: Thread<ThreadMessage>): number {
  return thread.messages.at(-1)?.seq ?? 0
}

/** The lowest `seq` at hand, 0 when there is none: pass it as `before_seq` to load what came earlier. */
export function firstSeq(thread: Thread<ThreadMessage>): number {
  return thread.messages[0]?.seq ?? 0
}

/**
 * The last `seq` before the first hole, counted from the first message at hand: everything after it must be asked for
 * again. With nothing at hand it is 0.
 */
export function contiguousSeq(thread: Thread<ThreadMessage>): number {
  let reached = 0
  for (const { seq } of thread.messages) {
    if (reached !== 0 && seq !== reached + 1) break
    reached = seq
  }
  return reached
}

/** Said by the company: what a visitor may have missed. */
export function theirs(message: { message_type: string }): boolean {
  return message.message_type === 'outgoing' || message.message_type === 'template'
}
