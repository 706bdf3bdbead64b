// The ways to the server, each behind the same few words: a WebSocket, an event stream, a long poll, and plain requests.
// They carry frames and notice their own end; which of them is used is the ladder's business.

import type { Way, Why } from './ladder'
import type { ClientFrame, SequencedMessage, ServerFrame } from './types'

/** The newest place known of each followed conversation. */
export type Places = Record<string, number>

export interface Ears<M, C> {
  frame(frame: ServerFrame<M, C>): void
  /** Something came, be it only a sign of life. */
  heard(): void
  /** It works. The ways that are welcomed by a frame need not say so. */
  live(): void
  gone(why: Why, after?: number): void
}

export interface Line {
  /** False where the way only leads down: what one says then goes by HTTP. */
  put(frame: ClientFrame): boolean
  /** Asks for what came after these places. */
  resume(places: Places): boolean
  renew(token: string): void
  /** Makes the server say something soon. */
  ping(): void
  /** No ear hears anything afterwards. */
  close(): void
}

export interface Transport<M, C> {
  readonly way: Way
  open(token: string, places: () => Places, ears: Ears<M, C>): Line
}

const PROTOCOL = 1
const POLL_SECONDS = 25
/** Longer than the server holds a poll, and shorter than the ladder's patience with silence. */
const POLL_TIMEOUT_MS = 40_000
/** An empty answer that comes at once was not waited for: something between us and the server cuts polls short. */
const HASTY_MS = 1_000
const HASTY_PAUSE_MS = 3_000
const PLAIN_PAUSE_MS = 6_000
const PLAIN_HIDDEN_MS = 25_000
const PLAIN_TIMEOUT_MS = 15_000
const PLAIN_PAGE = 100

// --- WebSocket ---------------------------------------------------------------------------------------------------------

export function socketTransport<M, C>(options: { url?: string; WebSocket?: typeof WebSocket } = {}): Transport<M, C> {
  return {
    way: 'socket',
    open(token, places, ears) {
      const socket = new (options.WebSocket ?? WebSocket)(options.url ?? defaultUrl())
      let closed = false
      let beat: ReturnType<typeof setInterval> | undefined
      let welcomed = false
      /** What a server that does not let us in says of when it may. */
      let after: number | undefined
      const put = (frame: ClientFrame) => {
        if (closed || !welcomed || socket.readyState !== 1) return false
        socket.send(JSON.stringify(frame))
        return true
      }
      const close = () => {
        closed = true
        clearInterval(beat)
        socket.close(1000)
      }
      socket.onopen = () => {
        if (closed) return
        socket.send(JSON.stringify({ type: 'hello', protocol: PROTOCOL, token, resume: places() }))
      }
      socket.onmessage = (event) => {
        if (closed) return
        const frame = parse<M, C>(String(event.data))
        if (!frame) return
        if (frame.type === 'welcome') {
          welcomed = true
          clearInterval(beat)
          beat = setInterval(() => put({ type: 'ping' }), frame.heartbeat_seconds * 1000 || 20_000)
        }
        if (frame.type === 'error' && !welcomed) after = frame.retry_after_ms ?? undefined
        ears.heard()
        ears.frame(frame)
      }
      socket.onclose = (event) => {
        if (closed) return
        closed = true
        clearInterval(beat)
        ears.gone(event.code === 4001 ? 'expired' : event.code === 4003 ? 'revoked' : 'lost', after)
      }
      return {
        put,
        resume: (conversations) => put({ type: 'resume', conversations }),
        renew: (fresh) => void put({ type: 'renew', token: fresh }),
        ping: () => void put({ type: 'ping' }),
        close,
      }
    },
  }
}

function defaultUrl(): string {
  return `${location.origin.replace(/^http/, 'ws')}/v1/realtime`
}

// --- event stream ------------------------------------------------------------------------------------------------------

/**
 * Read with `fetch`, for an EventSource cannot carry a token but in its address. A stream names its conversation when it
 * is opened, so following another one, a fresh token and a doubt about its life all open it anew.
 */
export function streamTransport<M, C>(): Transport<M, C> {
  return {
    way: 'stream',
    open(token, places, ears) {
      let current = token
      let request = new AbortController()
      let closed = false

      async function read(mine: AbortController): Promise<void> {
        const over = () => closed || mine.signal.aborted
        try {
          const response = await fetch(`/v1/widget/events${query(places())}`, {
            headers: { accept: 'text/event-stream', authorization: `Bearer ${current}` },
            signal: mine.signal,
            cache: 'no-store',
          })
          if (over()) return
          if (!response.ok || !response.body) return ended(...refusal(response))
          const reader = response.body.getReader()
          const decoder = new TextDecoder()
          const events = eventReader((data) => {
            const frame = parse<M, C>(data)
            if (frame && !over()) ears.frame(frame)
          })
          for (;;) {
            const { done, value } = await reader.read()
            if (over()) return
            if (done) break
            ears.heard()
            events(decoder.decode(value, { stream: true }))
          }
        } catch {
          if (over()) return
        }
        ended('lost')
      }

      function ended(why: Why, after?: number): void {
        closed = true
        request.abort()
        ears.gone(why, after)
      }

      function again(): void {
        if (closed) return
        request.abort()
        request = new AbortController()
        void read(request)
      }

      void read(request)
      return {
        put: () => false,
        resume() {
          again()
          return true
        },
        renew(fresh) {
          current = fresh
          again()
        },
        ping: again,
        close() {
          closed = true
          request.abort()
        },
      }
    },
  }
}

/** Takes a stream's text in pieces of any size and gives the data of its events. */
export function eventReader(found: (data: string) => void): (piece: string) => void {
  let rest = ''
  let data: string[] = []
  return (piece) => {
    // A lone carriage return may be the first half of a line's end, so it waits for what follows.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) found(data.join('\n'))
        data = []
      } else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
    }
  }
}

// --- long poll and plain requests --------------------------------------------------------------------------------------

/** With the version known of the conversation, a poll also finds what changed of it between two questions. */
export function pollTransport<M, C>(version: () => number | undefined = () => undefined): Transport<M, C> {
  return {
    way: 'poll',
    open: (token, places, ears) =>
      asking(token, ears, async (ask, first) => {
        const began = Date.now()
        // The first answer comes at once: it says that the way works, and what was missed.
        const wait_seconds = first ? 0 : POLL_SECONDS
        const known = places()
        const after_version = Object.keys(known).length > 0 ? version() : undefined
        const path = `/v1/widget/events/poll${query(known, { wait_seconds, ...(after_version !== undefined && { after_version }) })}`
        const { frames } = await ask<{ frames: ServerFrame<M, C>[] }>(path, POLL_TIMEOUT_MS)
        if (first) ears.live()
        for (const frame of frames) ears.frame(frame)
        return !first && frames.length === 0 && Date.now() - began < HASTY_MS ? HASTY_PAUSE_MS : 0
      }),
  }
}

/** The last resort: the visitor's messages are read as a page reads them, every few seconds. */
export function plainTransport<M extends SequencedMessage, C>(): Transport<M, C> {
  return {
    way: 'plain',
    open: (token, places, ears) =>
      asking(token, ears, async (ask, first) => {
        for (const [id, after_seq] of Object.entries(places())) {
          const path = `/v1/widget/conversations/${id}/messages${search({ after_seq, limit: PLAIN_PAGE })}`
          const { data } = await ask<{ data: M[] }>(path, PLAIN_TIMEOUT_MS)
          if (first) ears.live()
          for (const message of data) {
            ears.frame({ type: 'message.created', conversation_id: id, message } as unknown as ServerFrame<M, C>)
          }
          if (data.length === PLAIN_PAGE) return 0
        }
        return document.visibilityState === 'hidden' ? PLAIN_HIDDEN_MS : PLAIN_PAUSE_MS
      }),
  }
}

type Ask = <T>(path: string, timeout: number) => Promise<T>

/** Asks again and again; `round` answers how long to pause before the next one. */
function asking<M, C>(token: string, ears: Ears<M, C>, round: (ask: Ask, first: boolean) => Promise<number>): Line {
  let current = token
  let closed = false
  let first = true
  let request = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function turn(mine: AbortController): Promise<void> {
    const ask: Ask = async <T>(path: string, timeout: number) => {
      const clock = setTimeout(() => mine.abort('slow'), timeout)
      try {
        const response = await fetch(path, {
          headers: { accept: 'application/json', authorization: `Bearer ${current}` },
          signal: mine.signal,
          cache: 'no-store',
        })
        if (!response.ok) throw new Refused(response)
        const body = (await response.json()) as T
        // Closed or asked anew meanwhile: this answer belongs to nobody.
        if (mine.signal.aborted) throw new DOMException('over', 'AbortError')
        ears.heard()
        return body
      } finally {
        clearTimeout(clock)
      }
    }
    try {
      const rest = await round(ask, first)
      if (mine.signal.aborted || closed) return
      first = false
      timer = setTimeout(() => void turn(mine), rest)
    } catch (error) {
      if (closed || (mine.signal.aborted && mine.signal.reason !== 'slow')) return
      closed = true
      ears.gone(...(error instanceof Refused ? refusal(error.response) : lostSomehow))
    }
  }

  function again(): void {
    if (closed) return
    clearTimeout(timer)
    request.abort('again')
    request = new AbortController()
    void turn(request)
  }

  void turn(request)
  return {
    put: () => false,
    resume() {
      again()
      return true
    },
    renew: (fresh) => void (current = fresh),
    ping() {
      first = true
      again()
    },
    close() {
      closed = true
      clearTimeout(timer)
      request.abort('closed')
    },
  }
}

const lostSomehow: [why: Why] = ['lost']

class Refused extends Error {
  constructor(readonly response: Response) {
    super(String(response.status))
  }
}

/** A visitor has one conversation; the endpoints take its place or none. */
function query(places: Places, more: Record<string, number> = {}): string {
  const [place] = Object.entries(places)
  return search({ ...(place && { conversation_id: place[0], after_seq: place[1] }), ...more })
}

function search(values: Record<string, string | number>): string {
  const text = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)])).toString()
  return text && `?${text}`
}

function refusal(response: Response): [why: Why, after?: number] {
  if (response.status === 401) return ['expired']
  const seconds = Number(response.headers.get('retry-after'))
  return seconds > 0 ? ['lost', seconds * 1000] : ['lost']
}

function parse<M, C>(text: string): ServerFrame<M, C> | null {
  try {
    return JSON.parse(text) as ServerFrame<M, C>
  } catch {
    return null
  }
}
