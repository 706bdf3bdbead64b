// Messages on their way out: kept on the device until the server confirms them, also when the tab is closed meanwhile; sent
// one after another, tried again after anything transient, always with the same client_message_id so that a repeat is harmless.

import { ApiProblem, uuid } from './http'

export interface OutboxEntry {
  client_message_id: string
  /** Absent for a visitor, who has one conversation. Order is kept within a conversation. */
  conversation_id?: string
  text: string
  private?: boolean
  created_at: number
  /** Whose message it is, where that is known. */
  owner?: string
  /** `held` waits for its author's word, because it was written long ago. */
  state: 'sending' | 'waiting' | 'failed' | 'held'
  /** Its author wants it sent, old as it is. */
  agreed?: boolean
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
  /** A second place that survives as well, and holds what the first is too small for. Either of them suffices. */
  vault?: Vault
  /** Prefix of the storage keys; make it unique for a login or an inbox. */
  prefix?: string
  /** Who writes, written down with every entry. */
  owner?: () => string | undefined
  /** An entry got through that had failed before, or was left by an earlier page. */
  onLate?: (entry: OutboxEntry) => void
  now?: () => number
  random?: () => number
}

export interface Outbox {
  entries(): readonly OutboxEntry[]
  /** Queues a message and starts sending it. */
  add(message: { text: string; conversation_id?: string; private?: boolean }): OutboxEntry
  /** Takes on a message that was written elsewhere, under its own id. False when it has been here and is settled. */
  adopt(message: Pick<OutboxEntry, 'client_message_id' | 'text' | 'created_at'>): boolean
  /** Tries a failed entry again, with the same id. */
  retry(clientMessageId: string): void
  discard(clientMessageId: string): void
  /** Tries everything that waits, now: call it when the connection is back. Takes on what a closed tab left. */
  flush(): void
  /** Another tab changed the storage: what it sent or gave up is settled here too. */
  settle(): void
  /** Forgets an entry that was seen confirmed elsewhere (a broadcast that overtook its acknowledgement). */
  confirm(clientMessageId: string): void
  /** Its author is known by another name now: what they wrote is still theirs. */
  reown(from: string | undefined, to: string): void
  /** Stops timers; entries stay in storage. */
  close(): void
}

export interface Vault {
  load(prefix: string): Promise<unknown[]>
  put(key: string, entry: OutboxEntry): void
  remove(key: string): void
}

const LONGEST_WAIT_MS = 30_000
/** A vault that takes longer to open holds nothing up any more; what it brings then is sent late. */
const VAULT_WAIT_MS = 1500
/** What was written this long ago may not be meant any more. */
export const HELD_AFTER_MS = 7 * 86_400_000

/**
 * Entries have a storage key each, never one list: two tabs that wrote one list would erase each other's messages.
 * Both tabs may then send the same entry, which its client_message_id makes harmless.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { deliver, storage, vault, prefix = 'frontdesk:outbox:' } = options
  const now = options.now ?? Date.now
  const random = options.random ?? Math.random
  const inFlight = new Set<string>()
  const attempts = new Map<string, number>()
  /** Left by another page, in storage for certain, and settled: what no copy may bring back. */
  const inherited = new Set<string>()
  const stored = new Set<string>()
  const settled = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let closed = false
  /** Until the vault told what it holds, something new might overtake something older. */
  let complete = !vault
  let entries: OutboxEntry[] = []

  function load(): OutboxEntry[] {
    const found: OutboxEntry[] = []
    if (!storage) return found
    try {
      for (let i = 0; i < storage.length; i++) {
        const key = storage.key(i)
        if (!key?.startsWith(prefix)) continue
        const entry = parse(storage.getItem(key))
        if (!entry) continue
        found.push(entry)
        stored.add(entry.client_message_id)
      }
    } catch {
      // Storage may be withdrawn at any time (private mode, cleared site data); memory then has to do.
    }
    return found
  }

  /** Takes on entries that other pages left. */
  function inherit(found: readonly OutboxEntry[]): void {
    const known = new Set(entries.map((entry) => entry.client_message_id))
    const fresh = found.filter(({ client_message_id: id }) => !known.has(id) && !settled.has(id))
    if (fresh.length === 0) return
    for (const entry of fresh) inherited.add(entry.client_message_id)
    entries = [...entries, ...fresh.map((entry) => ({ ...entry, next_try_at: undefined }))].sort(
      (a, b) => a.created_at - b.created_at,
    )
    changed()
  }

  function store(entry: OutboxEntry): void {
    vault?.put(prefix + entry.client_message_id, entry)
    try {
      storage?.setItem(prefix + entry.client_message_id, JSON.stringify(entry))
      if (storage) stored.add(entry.client_message_id)
    } catch {
      // A full or blocked storage costs durability, not delivery.
    }
  }

  function unstore(id: string): void {
    vault?.remove(prefix + id)
    stored.delete(id)
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
    settled.add(id)
    unstore(id)
    if (entries.length !== before) changed()
  }

  /** Starts the first unsent entry of every conversation that has none in flight. */
  function pump(): void {
    if (closed || !complete) return
    clearTimeout(timer)
    let wakeAt = Infinity
    const busy = new Set<string>()
    for (const entry of entries) {
      const lane = entry.conversation_id ?? ''
      if (busy.has(lane) || entry.state === 'failed' || entry.state === 'held') continue
      if (!entry.agreed && now() - entry.created_at > HELD_AFTER_MS && !inFlight.has(entry.client_message_id)) {
        update(entry.client_message_id, { state: 'held', code: undefined, next_try_at: undefined })
        continue
      }
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
      through(id)
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

  /** Confirmed, by whatever came first: the answer, a broadcast, or another tab. */
  function through(id: string): void {
    const entry = entries.find((each) => each.client_message_id === id)
    const late = attempts.has(id) || inherited.has(id)
    remove(id)
    if (entry && late) options.onLate?.(entry)
  }

  // What a closed tab left behind is sent as soon as the caller has had its turn to wire things up.
  const left = load()
  if (left.length > 0) {
    entries = left.sort((a, b) => a.created_at - b.created_at)
    for (const entry of left) inherited.add(entry.client_message_id)
    queueMicrotask(() => {
      changed()
      pump()
    })
  }
  function begin(): void {
    complete = true
    pump()
  }
  if (vault) {
    timer = setTimeout(begin, VAULT_WAIT_MS)
    void vault
      .load(prefix)
      .catch(() => []) // Denied: the storage has to do.
      .then((found) => {
        inherit(found.flatMap((entry) => read(entry) ?? []))
        begin()
      })
  }

  return {
    entries: () => entries,
    add(message) {
      const last = entries.at(-1)?.created_at ?? 0
      const entry: OutboxEntry = {
        client_message_id: uuid(),
        ...message,
        owner: options.owner?.(),
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
    adopt(message) {
      const { client_message_id: id } = message
      if (settled.has(id)) return false
      if (entries.some((entry) => entry.client_message_id === id)) return true
      const entry: OutboxEntry = { ...message, owner: options.owner?.(), state: 'sending' }
      inherited.add(id)
      entries = [...entries, entry].sort((a, b) => a.created_at - b.created_at)
      store(entry)
      changed()
      pump()
      return true
    },
    retry(id) {
      attempts.delete(id)
      update(id, { state: 'sending', code: undefined, next_try_at: undefined, agreed: true, owner: options.owner?.() })
      pump()
    },
    discard(id) {
      remove(id)
      pump()
    },
    flush() {
      inherit(load())
      for (const entry of entries) {
        if (entry.state === 'waiting' && !isAskedToWait(entry.code))
          update(entry.client_message_id, { next_try_at: undefined })
      }
      pump()
    },
    settle() {
      // Only what was in storage can have been taken from it; a full storage never held it.
      let gone: string[]
      try {
        gone = [...stored].filter((id) => storage?.getItem(prefix + id) === null)
      } catch {
        // A storage that cannot be read tells nothing about what was taken from it.
        return
      }
      for (const id of gone) {
        stored.delete(id)
        if (!inFlight.has(id)) remove(id)
      }
      pump()
    },
    confirm(id) {
      through(id)
      pump()
    },
    reown(from, to) {
      for (const entry of entries) if (entry.owner === from) update(entry.client_message_id, { owner: to })
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

/** The server said when to come again; sooner would only be refused once more. */
export function isAskedToWait(code: string | undefined): boolean {
  return code === 'rate_limited' || code === 'company_busy'
}

function parse(text: string | null): OutboxEntry | null {
  try {
    return read(JSON.parse(text ?? ''))
  } catch {
    return null
  }
}

function read(value: unknown): OutboxEntry | null {
  if (typeof value !== 'object' || value === null) return null
  const entry = value as Partial<OutboxEntry>
  const whole =
    typeof entry.client_message_id === 'string' &&
    typeof entry.text === 'string' &&
    typeof entry.created_at === 'number'
  if (!whole) return null
  const kept = entry.state === 'failed' || entry.state === 'held' ? entry.state : 'sending'
  return { ...(entry as OutboxEntry), state: kept, next_try_at: undefined }
}
