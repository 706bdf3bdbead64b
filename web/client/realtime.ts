// The realtime socket: hello and resume, heartbeats, jittered reconnects, duplicate and gap handling, typing expiry.
// It keeps no messages and queues nothing; `thread.ts` holds the one and `outbox.ts` does the other.

import { ApiProblem } from './http'
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

export interface RealtimeOptions {
  /** A token for `hello`; `force` asks for a fresh one, after the server refused the last. Null stops the socket. */
  token: (force: boolean) => Promise<string | null>
  /** `wss://…/v1/realtime` of the page's own origin unless told. */
  url?: string
  WebSocket?: typeof WebSocket
  random?: () => number
  now?: () => number
}

export interface Realtime<M extends SequencedMessage, C> {
  /** Connects, and stays connected until `stop()`. Harmless when already started. */
  start(): void
  stop(): void
  state(): RealtimeState
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

const PROTOCOL = 1
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
const HANDSHAKE_MS = 10_000
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

export function createRealtime<M extends SequencedMessage, C>(options: RealtimeOptions): Realtime<M, C> {
  const now = options.now ?? Date.now
  const random = options.random ?? Math.random
  const listeners = new Map<FrameType, Set<(frame: never) => void>>()
  const stateListeners = new Set<() => void>()
  const cursors = new Map<string, Cursor>()
  const unacknowledged = new Map<string, Unacknowledged<M>>()
  const typingOff = new Map<string, { timer: ReturnType<typeof setTimeout>; frame: FrameOf<'typing', M, C> }>()
  const typingSent = new Map<string, number>()

  let state: RealtimeState = 'idle'
  let socket: WebSocket | null = null
  let welcomed = false
  let wanted = false
  let run = 0
  let failures = 0
  let forceToken = false
  let refusals = 0
  let heardAt = 0
  let heartbeatMs = 20_000
  let sentToken = ''
  let retryTimer: ReturnType<typeof setTimeout> | undefined
  let beatTimer: ReturnType<typeof setInterval> | undefined
  let handshakeTimer: ReturnType<typeof setTimeout> | undefined

  function setState(next: RealtimeState): void {
    if (state === next) return
    state = next
    for (const listener of [...stateListeners]) listener()
  }

  function emit(frame: Frames<M, C>): void {
    for (const listener of [...(listeners.get(frame.type) ?? [])]) listener(frame as never)
  }

  function put(frame: ClientFrame): boolean {
    if (!welcomed || socket?.readyState !== 1) return false
    socket.send(JSON.stringify(frame))
    return true
  }

  async function connect(): Promise<void> {
    const mine = ++run
    clearTimeout(retryTimer)
    setState(failures === 0 ? 'connecting' : pausedState())
    let token: string | null
    try {
      token = await options.token(forceToken)
    } catch {
      if (mine === run && wanted) retry()
      return
    }
    if (mine !== run || !wanted) return
    if (!token) return refuse()
    forceToken = false
    open(mine, token)
  }

  function open(mine: number, token: string): void {
    let opened: WebSocket
    try {
      opened = new (options.WebSocket ?? WebSocket)(options.url ?? defaultUrl())
    } catch {
      return retry()
    }
    socket = opened
    sentToken = token
    handshakeTimer = setTimeout(() => drop(mine), HANDSHAKE_MS)
    opened.onopen = () => {
      const resume = Object.fromEntries([...cursors].map(([id, cursor]) => [id, cursor.seq]))
      opened.send(JSON.stringify({ type: 'hello', protocol: PROTOCOL, token, resume }))
    }
    opened.onmessage = (event) => {
      if (mine !== run) return
      heardAt = now()
      let frame: Frames<M, C>
      try {
        frame = JSON.parse(String(event.data)) as Frames<M, C>
      } catch {
        return
      }
      receive(frame)
    }
    opened.onclose = (event) => {
      if (mine === run) closed(event.code)
    }
  }

  /** Gives up on a socket that may never say that it is dead. */
  function drop(mine: number, pause?: number): void {
    if (mine !== run) return
    const dead = socket
    closed(0, pause)
    dead?.close()
  }

  function closed(code: number, pause?: number): void {
    run++
    socket = null
    const wasOnline = welcomed
    welcomed = false
    clearTimeout(handshakeTimer)
    clearInterval(beatTimer)
    for (const id of [...unacknowledged.keys()]) fail(id, 'disconnected')
    for (const cursor of cursors.values()) cursor.askedAt = 0
    if (!wanted) return
    if (code === 4003) return refuse()
    if (code === 4001) {
      // One fresh token is worth a try; a second refusal means the session itself is over.
      if (refusals++ > 0) return refuse()
      forceToken = true
      void connect()
      return
    }
    // A connection that lived starts the pauses anew, yet with jitter, for a whole fleet loses its server at once.
    if (wasOnline) failures = 0
    retry(pause)
  }

  function retry(pause?: number): void {
    failures++
    const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10))
    const wait = pause === undefined ? ceiling * (0.5 + random() / 2) : pause + random() * FIRST_PAUSE_MS
    setState(pausedState())
    clearTimeout(retryTimer)
    retryTimer = setTimeout(() => void connect(), wait)
  }

  function refuse(): void {
    stop('refused')
  }

  function stop(final: RealtimeState): void {
    wanted = false
    const dead = socket
    closed(1000)
    clearTimeout(retryTimer)
    for (const { timer } of typingOff.values()) clearTimeout(timer)
    typingOff.clear()
    if (typeof window !== 'undefined') {
      window.removeEventListener('online', reconnectNow)
      window.removeEventListener('offline', wentOffline)
    }
    if (typeof document !== 'undefined') document.removeEventListener('visibilitychange', cameBack)
    dead?.close(1000)
    setState(final)
  }

  function beat(): void {
    if (now() - heardAt > heartbeatMs * 2.25) drop(run, 0)
    else put({ type: 'ping' })
  }

  function reconnectNow(): void {
    if (!wanted || socket) return
    failures = 0
    void connect()
  }

  function wentOffline(): void {
    if (state !== 'online' && state !== 'refused') setState('offline')
    // A socket that looks alive may be on another interface: let a ping decide, soon.
    else probe()
  }

  /** A sleeping tab's timers stand still, so on waking the socket is often dead without anyone knowing. */
  function cameBack(): void {
    if (document.visibilityState !== 'visible' || !wanted) return
    if (!socket) reconnectNow()
    else probe()
  }

  function probe(): void {
    const mine = run
    const asked = now()
    if (!put({ type: 'ping' })) return
    setTimeout(() => {
      if (mine === run && heardAt < asked) drop(mine, 0)
    }, 4_000)
  }

  function receive(frame: Frames<M, C>): void {
    switch (frame.type) {
      case 'welcome':
        clearTimeout(handshakeTimer)
        welcomed = true
        failures = 0
        refusals = 0
        heartbeatMs = frame.heartbeat_seconds * 1000 || heartbeatMs
        clearInterval(beatTimer)
        beatTimer = setInterval(beat, heartbeatMs)
        setState('online')
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
        return drop(run, frame.after_ms)
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
    if (put({ type: 'resume', conversations: { [conversationId]: cursor.seq } })) cursor.askedAt = now()
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
      if (wanted) return
      wanted = true
      failures = 0
      refusals = 0
      if (typeof window !== 'undefined') {
        window.addEventListener('online', reconnectNow)
        window.addEventListener('offline', wentOffline)
      }
      if (typeof document !== 'undefined') document.addEventListener('visibilitychange', cameBack)
      void connect()
    },
    stop: () => stop('idle'),
    state: () => state,
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
      const cursor = { seq: Math.max(lastSeq, cursors.get(conversationId)?.seq ?? 0), askedAt: 0 }
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
        const mine = run
        const timer = setTimeout(() => {
          fail(id, 'timeout')
          // No answer in this long means that the socket is dead, or the server is: find out on a new one.
          drop(mine, 0)
        }, ACK_MS)
        unacknowledged.set(id, { resolve, reject, timer })
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
      if (token === sentToken || !welcomed) return
      sentToken = token
      put({ type: 'renew', token })
    },
    reconnectNow,
  }
}

function pausedState(): RealtimeState {
  return typeof navigator !== 'undefined' && navigator.onLine === false ? 'offline' : 'reconnecting'
}

/** Socket errors carry a code alone; which of them pass by themselves is the same as over HTTP. */
function statusOf(code: string, retryAfter: number | null): number {
  if (code === 'disconnected' || code === 'timeout') return 0
  if (code === 'rate_limited') return 429
  return retryAfter !== null || code === 'internal' ? 503 : 422
}

function defaultUrl(): string {
  return `${location.origin.replace(/^http/, 'ws')}/v1/realtime`
}
