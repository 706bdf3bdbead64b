// Realtime over whatever way leads to the server: reconnects by the ladder, duplicate and gap handling, acknowledged sends,
// typing expiry. It keeps no messages and queues nothing; `thread.ts` holds the one and `outbox.ts` does the other.

import { ApiProblem } from './http'
import { isLive, newLadder, step, wakeAt, type LadderAction, type LadderEvent, type Way, type Why } from './ladder'
import { socketTransport, type Line, type Places, type Transport } from './transports'
import type { ClientFrame, SequencedMessage, ServerFrame } from './types'

export type RealtimeState =
  /** Not started, or stopped. */
  | 'idle'
  | 'connecting'
  | 'online'
  /** The connection is lost and another try is coming. */
  | 'reconnecting'
  /** The device says it has no network; tries go on, slowly. */
  | 'offline'
  /** Signed out or revoked: nothing more happens until `start()` is called again. */
  | 'refused'

type Frames<M, C> = ServerFrame<M, C>
export type FrameType = ServerFrame<unknown, unknown>['type']
export type FrameOf<T extends FrameType, M, C> = Extract<Frames<M, C>, { type: T }>

export interface RealtimeOptions<M, C> {
  /** A token; `force` asks for a fresh one, after the server refused the last. Null ends the connection. */
  token: (force: boolean) => Promise<string | null>
  /** The ways to try, best first; the socket alone unless told. */
  ways?: readonly Transport<M, C>[]
  /** Where the way that worked is remembered, for the next page of this session. */
  remembered?: { get(): string | null; set(way: Way): void }
  random?: () => number
  now?: () => number
}

export interface Realtime<M extends SequencedMessage, C> {
  /** Connects, and stays connected until `stop()`. Harmless when already started. */
  start(): void
  stop(): void
  state(): RealtimeState
  /** The way in use; null while there is none. */
  way(): Way | null
  /** A stable signature for `useSyncExternalStore`. */
  onState(listener: () => void): () => void
  /**
   * Hears frames of one type. `message.created` and `resumed` of followed conversations are checked first: duplicates
   * are swallowed, and a gap makes the socket ask for what is missing. `typing` is switched off here when not renewed.
   * On `welcome` lists should be read again, for nothing but followed conversations is replayed.
   */
  on<T extends FrameType>(type: T, listener: (frame: FrameOf<T, M, C>) => void): () => void
  /**
   * Keeps a conversation whole: call it after loading its messages, with the last `seq` at hand (0 for none). Whatever
   * comes after that `seq`, also while the connection was away, arrives as `message.created` or `resumed`. After a
   * `reset` frame load over HTTP and follow again.
   */
  follow(conversationId: string, lastSeq: number): void
  unfollow(conversationId: string): void
  /**
   * Sends a message once; resolves with the server's copy. Rejects with a transient `ApiProblem` when the connection is
   * not there, goes away, or stays silent: give it to an outbox as its `deliver`, which repeats it with the same id.
   */
  send(message: { client_message_id: string; conversation_id?: string; text: string; private?: boolean }): Promise<M>
  read(conversationId: string, seq: number): boolean
  delivered(conversationId: string, seq: number): boolean
  /** Call it on every keystroke with true, and with false when the text was sent or cleared; it does the pacing. */
  typing(conversationId: string, on: boolean): void
  /** Hands over a renewed access token, so that the server does not close the socket when the old one expires. */
  renew(token: string): void
  /** Tries at once instead of waiting out the pause. */
  reconnectNow(): void
}

const ACK_MS = 10_000
const TYPING_EXPIRES_MS = 6_000
const TYPING_RENEW_MS = 3_000
const RESUME_AGAIN_MS = 5_000

interface Unacknowledged<M> {
  resolve: (message: M) => void
  reject: (problem: ApiProblem) => void
  timer: ReturnType<typeof setTimeout>
}

/** What a followed conversation is known to have: everything up to `seq`. */
interface Cursor {
  seq: number
  askedAt: number
}

export function createRealtime<M extends SequencedMessage, C>(options: RealtimeOptions<M, C>): Realtime<M, C> {
  const now = options.now ?? Date.now
  const random = options.random ?? Math.random
  const transports: readonly Transport<M, C>[] = options.ways ?? [socketTransport<M, C>()]
  const listeners = new Map<FrameType, Set<(frame: never) => void>>()
  const stateListeners = new Set<() => void>()
  const cursors = new Map<string, Cursor>()
  const unacknowledged = new Map<string, Unacknowledged<M>>()
  const typingOff = new Map<string, { timer: ReturnType<typeof setTimeout>; frame: FrameOf<'typing', M, C> }>()
  const typingSent = new Map<string, number>()
  /** Open connections by run; null while their token is being fetched. */
  const lines = new Map<number, Line | null>()

  let ladder = newLadder(transports.map((transport) => transport.way))
  let state: RealtimeState = 'idle'
  let troubled = false
  let sentToken = ''
  let timer: ReturnType<typeof setTimeout> | undefined

  function emit(frame: Frames<M, C>): void {
    for (const listener of [...(listeners.get(frame.type) ?? [])]) listener(frame as never)
  }

  // --- the connection --------------------------------------------------------------------------------------------------

  function tell(event: LadderEvent): void {
    const before = ladder.main
    const [next, actions] = step(ladder, event, { now: now(), random })
    ladder = next
    if (isLive(before) && ladder.main?.run !== before.run) forgetAnswers()
    for (const action of actions) act(action)
    clearTimeout(timer)
    const due = wakeAt(ladder)
    if (due !== null) timer = setTimeout(() => tell({ type: 'wake' }), Math.max(0, due - now()))
    show()
  }

  function act(action: LadderAction): void {
    switch (action.do) {
      case 'open':
        lines.set(action.run, null)
        void open(action.run, action.way, action.force)
        break
      case 'close':
        lines.get(action.run)?.close()
        lines.delete(action.run)
        break
      case 'ping':
        lines.get(action.run)?.ping()
        break
      case 'remember':
        options.remembered?.set(action.way)
        break
    }
  }

  async function open(run: number, way: Way, force: boolean): Promise<void> {
    let token: string | null
    try {
      token = await options.token(force)
    } catch (error) {
      return gone(run, 'lost', error instanceof ApiProblem && error.retryAfter ? error.retryAfter * 1000 : undefined)
    }
    if (!lines.has(run)) return
    if (!token) return gone(run, 'revoked')
    try {
      sentToken = token
      const line = transports
        .find((transport) => transport.way === way)!
        .open(token, places, {
          frame: (frame) => lines.has(run) && receive(frame, run),
          heard: () => tell({ type: 'heard', run }),
          live: () => tell({ type: 'live', run }),
          gone: (why, after) => gone(run, why, after),
        })
      lines.set(run, line)
    } catch {
      // A policy of the page, or a browser without it, forbids this way.
      gone(run, 'lost')
    }
  }

  function gone(run: number, why: Why, after?: number): void {
    if (lines.has(run)) tell({ type: 'gone', run, why, after })
  }

  /** What was waited for on a connection that is over will not come. */
  function forgetAnswers(): void {
    for (const id of [...unacknowledged.keys()]) fail(id, 'disconnected')
    for (const cursor of cursors.values()) cursor.askedAt = 0
  }

  function show(): void {
    const live = isLive(ladder.main)
    if (ladder.phase === 'working') troubled = !live && (troubled || state === 'online' || ladder.waitUntil !== null)
    const next =
      ladder.phase === 'idle'
        ? 'idle'
        : ladder.phase === 'refused'
          ? 'refused'
          : live
            ? 'online'
            : troubled
              ? pausedState()
              : 'connecting'
    if (ladder.phase !== 'working') release()
    if (state === next) return
    state = next
    for (const listener of [...stateListeners]) listener()
  }

  function release(): void {
    troubled = false
    clearTimeout(timer)
    for (const { timer: typing } of typingOff.values()) clearTimeout(typing)
    typingOff.clear()
    if (typeof window !== 'undefined') {
      window.removeEventListener('online', nudge)
      window.removeEventListener('offline', nudge)
    }
    if (typeof document !== 'undefined') document.removeEventListener('visibilitychange', cameBack)
  }

  /** Without a network a living connection proves itself, and a wait is shown for what it is. */
  function nudge(): void {
    tell({ type: 'nudge' })
  }

  /** A sleeping tab's timers stand still, so on waking the connection is often dead without anyone knowing. */
  function cameBack(): void {
    if (document.visibilityState === 'visible') nudge()
  }

  function places(): Places {
    return Object.fromEntries([...cursors].map(([id, cursor]) => [id, cursor.seq]))
  }

  function line(): Line | null {
    return isLive(ladder.main) ? (lines.get(ladder.main.run) ?? null) : null
  }

  function put(frame: ClientFrame): boolean {
    return line()?.put(frame) ?? false
  }

  // --- frames ----------------------------------------------------------------------------------------------------------

  function receive(frame: Frames<M, C>, run: number): void {
    switch (frame.type) {
      case 'welcome':
        tell({ type: 'live', run })
        break
      case 'message.created':
        if (!advance(frame)) return
        quiet(frame.conversation_id, frame.message.sender.kind)
        break
      case 'resumed': {
        const cursor = cursors.get(frame.conversation_id)
        if (cursor) {
          cursor.askedAt = 0
          cursor.seq = Math.max(cursor.seq, frame.last_seq)
        }
        break
      }
      case 'reset':
        cursors.delete(frame.conversation_id)
        break
      case 'ack':
        settle(frame)
        break
      case 'typing':
        expireTyping(frame)
        break
      case 'error':
        fail(frame.client_message_id ?? frame.ref ?? '', frame.code, frame.detail, frame.retry_after_ms ?? null)
        break
      case 'reconnect':
        emit(frame)
        return gone(run, 'asked', frame.after_ms)
    }
    emit(frame)
  }

  /** Moves the cursor; false for a message that was already seen. */
  function advance(frame: FrameOf<'message.created', M, C>): boolean {
    const cursor = cursors.get(frame.conversation_id)
    if (!cursor) return true
    const { seq } = frame.message
    if (seq <= cursor.seq) return false
    if (seq === cursor.seq + 1) cursor.seq = seq
    else ask(frame.conversation_id, cursor)
    return true
  }

  function ask(conversationId: string, cursor: Cursor): void {
    // One question at a time, but an answer that got lost must not silence the conversation for good.
    if (cursor.askedAt && now() - cursor.askedAt < RESUME_AGAIN_MS) return
    if (line()?.resume({ [conversationId]: cursor.seq })) cursor.askedAt = now()
  }

  function settle(frame: FrameOf<'ack', M, C>): void {
    const waiting = unacknowledged.get(frame.client_message_id)
    if (!waiting) return
    clearTimeout(waiting.timer)
    unacknowledged.delete(frame.client_message_id)
    waiting.resolve(frame.message)
  }

  function fail(id: string, code: string, detail?: string, retryAfterMs: number | null = null): void {
    const waiting = unacknowledged.get(id)
    if (!waiting) return
    clearTimeout(waiting.timer)
    unacknowledged.delete(id)
    const retryAfter = retryAfterMs === null ? null : retryAfterMs / 1000
    waiting.reject(new ApiProblem({ code, detail, retryAfter, status: statusOf(code, retryAfter) }))
  }

  function quiet(conversationId: string, kind: string): void {
    for (const [key, { frame, timer }] of typingOff) {
      if (frame.conversation_id !== conversationId || frame.by.kind !== kind) continue
      clearTimeout(timer)
      typingOff.delete(key)
      emit({ ...frame, on: false })
    }
  }

  function expireTyping(frame: FrameOf<'typing', M, C>): void {
    const key = `${frame.conversation_id} ${frame.by.kind} ${frame.by.name ?? ''}`
    clearTimeout(typingOff.get(key)?.timer)
    typingOff.delete(key)
    if (!frame.on) return
    const timer = setTimeout(() => {
      typingOff.delete(key)
      emit({ ...frame, on: false })
    }, TYPING_EXPIRES_MS)
    typingOff.set(key, { timer, frame })
  }

  return {
    start() {
      if (ladder.phase === 'working') return
      const first = transports.find((transport) => transport.way === options.remembered?.get())?.way
      tell({ type: 'start', first })
      if (typeof window !== 'undefined') {
        window.addEventListener('online', nudge)
        window.addEventListener('offline', nudge)
      }
      if (typeof document !== 'undefined') document.addEventListener('visibilitychange', cameBack)
    },
    stop: () => tell({ type: 'stop' }),
    state: () => state,
    way: () => (isLive(ladder.main) ? ladder.main.way : null),
    onState(listener) {
      stateListeners.add(listener)
      return () => stateListeners.delete(listener)
    },
    on(type, listener) {
      const set = listeners.get(type) ?? new Set()
      listeners.set(type, set)
      set.add(listener as (frame: never) => void)
      return () => set.delete(listener as (frame: never) => void)
    },
    follow(conversationId, lastSeq) {
      const known = cursors.get(conversationId)
      if (known) {
        known.seq = Math.max(known.seq, lastSeq)
        return
      }
      const cursor = { seq: lastSeq, askedAt: 0 }
      cursors.set(conversationId, cursor)
      // Something may have been said between the HTTP answer and now.
      ask(conversationId, cursor)
    },
    unfollow: (conversationId) => void cursors.delete(conversationId),
    send(message) {
      const id = message.client_message_id
      return new Promise<M>((resolve, reject) => {
        // Named one by one: the server refuses frames with fields it does not know.
        const { conversation_id, text, private: note } = message
        const sent = put({ type: 'send', ref: id, client_message_id: id, conversation_id, text, private: note })
        if (!sent) return reject(new ApiProblem({ code: 'disconnected' }))
        const mine = ladder.main!.run
        const clock = setTimeout(() => {
          fail(id, 'timeout')
          // No answer in this long means that the connection is dead, or the server is: find out on a new one.
          gone(mine, 'lost')
        }, ACK_MS)
        unacknowledged.set(id, { resolve, reject, timer: clock })
      })
    },
    read: (conversationId, seq) => put({ type: 'read', conversation_id: conversationId, seq }),
    delivered: (conversationId, seq) => put({ type: 'delivered', conversation_id: conversationId, seq }),
    typing(conversationId, on) {
      const last = typingSent.get(conversationId) ?? -Infinity
      if (on ? now() - last < TYPING_RENEW_MS : last === -Infinity) return
      if (!put({ type: 'typing', conversation_id: conversationId, on })) return
      if (on) typingSent.set(conversationId, now())
      else typingSent.delete(conversationId)
    },
    renew(token) {
      if (token === sentToken || !line()) return
      sentToken = token
      line()?.renew(token)
    },
    reconnectNow: nudge,
  }
}

function pausedState(): RealtimeState {
  return typeof navigator !== 'undefined' && navigator.onLine === false ? 'offline' : 'reconnecting'
}

/** Socket errors carry a code alone; which of them pass by themselves is the same as over HTTP. */
function statusOf(code: string, retryAfter: number | null): number {
  if (code === 'disconnected' || code === 'timeout') return 0
  if (code === 'rate_limited' || code === 'company_busy') return 429
  if (code === 'token_invalid') return 401
  return retryAfter !== null || code === 'internal' ? 503 : 422
}
