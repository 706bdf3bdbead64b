// Messages on their way out: kept in storage until the server confirms them, sent one after another, tried again after
// anything transient, always with the same client_message_id so that a repeat is harmless.

import { ApiProblem, uuid } from './http'

export interface OutboxEntry {
  client_message_id: string
  /** Absent for a visitor, who has one conversation. Order is kept within a conversation. */
  conversation_id?: string
  text: string
  private?: boolean
  created_at: number
  state: 'sending' | 'waiting' | 'failed'
  /** The problem's code, when it waits or failed. */
  code?: string
  /** When a waiting entry is tried next, in local milliseconds. */
  next_try_at?: number
}

export interface OutboxOptions {
  /**
   * Sends one entry; resolves once the server has confirmed it. Rejecting with a transient `ApiProblem` (no answer, 429,
   * 5xx) means "later"; any other rejection marks the entry failed, to be retried or discarded by its author.
   */
  deliver: (entry: OutboxEntry) => Promise<void>
  /** Called after every change, with all entries in the order they were written. */
  onChange?: (entries: readonly OutboxEntry[]) => void
  /** Where entries survive a reload. Nothing is kept without it. */
  storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>
  /** Prefix of the storage keys; make it unique for a login or an inbox. */
  prefix?: string
  now?: () => number
  random?: () => number
}

export interface Outbox {
  entries(): readonly OutboxEntry[]
  /** Queues a message and starts sending it. */
  add(message: { text: string; conversation_id?: string; private?: boolean }): OutboxEntry
  /** Tries a failed entry again, with the same id. */
  retry(clientMessageId: string): void
  discard(clientMessageId: string): void
  /** Tries everything that waits, now: call it when the connection is back. */
  flush(): void
  /** Forgets an entry that was seen confirmed elsewhere (a broadcast that overtook its acknowledgement). */
  confirm(clientMessageId: string): void
  /** Stops timers; entries stay in storage. */
  close(): void
}

const LONGEST_WAIT_MS = 30_000

/**
 * Entries have a storage key each, never one list: two tabs that wrote one list would erase each other's messages.
 * Both tabs may then send the same entry, which its client_message_id makes harmless.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { deliver, storage, prefix = 'frontdesk:outbox:' } = options
  const now = options.now ?? Date.now
  const random = options.random ?? Math.random
  let entries: OutboxEntry[] = load()
  const inFlight = new Set<string>()
  const attempts = new Map<string, number>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let closed = false

  function load(): OutboxEntry[] {
    const found: OutboxEntry[] = []
    if (!storage) return found
    try {
      for (let i = 0; i < storage.length; i++) {
        const key = storage.key(i)
        if (!key?.startsWith(prefix)) continue
        const entry = parse(storage.getItem(key))
        if (entry) found.push(entry)
      }
    } catch {
      // Storage may be withdrawn at any time (private mode, cleared site data); memory then has to do.
    }
    return found.sort((a, b) => a.created_at - b.created_at)
  }

  function store(entry: OutboxEntry): void {
    try {
      storage?.setItem(prefix + entry.client_message_id, JSON.stringify(entry))
    } catch {
      // A full or blocked storage costs durability, not delivery.
    }
  }

  function unstore(id: string): void {
    try {
      storage?.removeItem(prefix + id)
    } catch {
      // As above.
    }
  }

  function changed(): void {
    options.onChange?.(entries)
  }

  function update(id: string, change: Partial<OutboxEntry>): void {
    entries = entries.map((entry) => {
      if (entry.client_message_id !== id) return entry
      const next = { ...entry, ...change }
      store(next)
      return next
    })
    changed()
  }

  function remove(id: string): void {
    const before = entries.length
    entries = entries.filter((entry) => entry.client_message_id !== id)
    attempts.delete(id)
    unstore(id)
    if (entries.length !== before) changed()
  }

  /** Starts the first unsent entry of every conversation that has none in flight. */
  function pump(): void {
    if (closed) return
    clearTimeout(timer)
    let wakeAt = Infinity
    const busy = new Set<string>()
    for (const entry of entries) {
      const lane = entry.conversation_id ?? ''
      if (busy.has(lane) || entry.state === 'failed') continue
      busy.add(lane)
      if (inFlight.has(entry.client_message_id)) continue
      const due = entry.next_try_at ?? 0
      if (due > now()) wakeAt = Math.min(wakeAt, due)
      else void send(entry)
    }
    if (wakeAt !== Infinity) timer = setTimeout(pump, Math.max(50, wakeAt - now()))
  }

  async function send(entry: OutboxEntry): Promise<void> {
    const id = entry.client_message_id
    inFlight.add(id)
    if (entry.state !== 'sending') update(id, { state: 'sending', code: undefined, next_try_at: undefined })
    try {
      await deliver(entry)
      inFlight.delete(id)
      remove(id)
    } catch (error) {
      inFlight.delete(id)
      const problem = error instanceof ApiProblem ? error : null
      const code = problem?.code ?? 'unexpected'
      if (problem?.transient) {
        const tries = (attempts.get(id) ?? 0) + 1
        attempts.set(id, tries)
        const backoff = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** Math.min(tries - 1, 5)) * (0.5 + random() / 2)
        const wait = Math.max(backoff, (problem.retryAfter ?? 0) * 1000)
        update(id, { state: 'waiting', code, next_try_at: now() + wait })
      } else {
        update(id, { state: 'failed', code, next_try_at: undefined })
      }
    }
    pump()
  }

  // What a closed tab left behind is sent as soon as the caller has had its turn to wire things up.
  if (entries.length > 0) {
    entries = entries.map((entry) => (entry.state === 'failed' ? entry : { ...entry, next_try_at: undefined }))
    queueMicrotask(() => {
      changed()
      pump()
    })
  }

  return {
    entries: () => entries,
    add(message) {
      const last = entries.at(-1)?.created_at ?? 0
      const entry: OutboxEntry = {
        client_message_id: uuid(),
        ...message,
        // Strictly rising, so that two messages of one millisecond keep their order through a reload.
        created_at: Math.max(now(), last + 1),
        state: 'sending',
      }
      entries = [...entries, entry]
      store(entry)
      changed()
      pump()
      return entry
    },
    retry(id) {
      attempts.delete(id)
      update(id, { state: 'sending', code: undefined, next_try_at: undefined })
      pump()
    },
    discard(id) {
      remove(id)
      pump()
    },
    flush() {
      for (const entry of entries) {
        if (entry.state === 'waiting' && entry.code !== 'rate_limited')
          update(entry.client_message_id, { next_try_at: undefined })
      }
      pump()
    },
    confirm(id) {
      remove(id)
      pump()
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

function parse(text: string | null): OutboxEntry | null {
  try {
    const entry = JSON.parse(text ?? '') as Partial<OutboxEntry>
    const whole =
      typeof entry.client_message_id === 'string' &&
      typeof entry.text === 'string' &&
      typeof entry.created_at === 'number'
    return whole ? { ...(entry as OutboxEntry), state: entry.state === 'failed' ? 'failed' : 'sending' } : null
  } catch {
    return null
  }
}
