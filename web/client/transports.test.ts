// @vitest-environment jsdom
// The ways without a socket against a scripted server: what they ask, what they pass on, and how they end.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { plainTransport, pollTransport, streamTransport, type Ears, type Places, type Transport } from './transports'
import type { SequencedMessage } from './types'

type Heard = [string, ...unknown[]]
interface Asked {
  url: string
  token: string
  signal: AbortSignal
  answer: (response: Response) => void
  fail: () => void
}

let asked: Asked[]
let heard: Heard[]
const places: Places = { conv_a: 4 }
const last = () => asked.at(-1)!
const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms)

function ears(): Ears<SequencedMessage, object> {
  return {
    frame: (frame) => heard.push(['frame', frame.type]),
    heard: () => undefined,
    live: () => heard.push(['live']),
    gone: (why, after) => heard.push(after === undefined ? ['gone', why] : ['gone', why, after]),
  }
}

const open = (transport: Transport<SequencedMessage, object>, known: Places = places) =>
  transport.open('t1', () => known, ears())

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  heard = []
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    const signal = init.signal!
    return new Promise<Response>((answer, reject) => {
      const fail = () => reject(new TypeError('Failed to fetch'))
      const token = (init.headers as Record<string, string>)['authorization'] ?? ''
      asked.push({ url, token, signal, answer, fail })
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('the stream', () => {
  function stream(): { push: (text: string) => void; end: () => void } {
    let body!: ReadableStreamDefaultController<Uint8Array>
    last().answer(new Response(new ReadableStream({ start: (controller) => void (body = controller) })))
    return { push: (text) => body.enqueue(new TextEncoder().encode(text)), end: () => body.close() }
  }

  it('names its place in the address and its token in a header, and passes frames on', async () => {
    open(streamTransport())
    expect(last().url).toBe('/v1/widget/events?conversation_id=conv_a&after_seq=4')
    expect(last().token).toBe('Bearer t1')
    const { push } = stream()
    push('data: {"type":"welcome"}\n\n: ping\n\ndata: {"type":"resu')
    await settle()
    expect(heard).toEqual([['frame', 'welcome']])
    push('med"}\n\ndata: no frame\n\n')
    await settle()
    expect(heard).toEqual([
      ['frame', 'welcome'],
      ['frame', 'resumed'],
    ])
  })

  it('is opened anew for another place or a fresh token, without ending', async () => {
    const line = open(streamTransport(), {})
    expect(last().url).toBe('/v1/widget/events')
    stream()
    await settle()
    line.resume({ conv_a: 1 })
    line.renew('t2')
    await settle()
    expect(asked.map((each) => each.token)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2'])
    expect(asked.slice(0, 2).every((each) => each.signal.aborted)).toBe(true)
    expect(heard).toEqual([])
  })

  it('ends when it ends, with the reason', async () => {
    open(streamTransport())
    stream().end()
    await settle()
    open(streamTransport())
    last().answer(new Response('', { status: 401 }))
    await settle()
    open(streamTransport())
    last().answer(new Response('', { status: 503, headers: { 'retry-after': '7' } }))
    await settle()
    open(streamTransport())
    last().fail()
    await settle()
    expect(heard).toEqual([
      ['gone', 'lost'],
      ['gone', 'expired'],
      ['gone', 'lost', 7_000],
      ['gone', 'lost'],
    ])
  })

  it('says nothing after it was closed', async () => {
    const line = open(streamTransport())
    const { push } = stream()
    await settle()
    line.close()
    push('data: {"type":"welcome"}\n\n')
    await settle(60_000)
    expect(heard).toEqual([])
    expect(line.put({ type: 'ping' })).toBe(false)
  })
})

describe('the long poll', () => {
  const frames = (...types: string[]) => Response.json({ frames: types.map((type) => ({ type })) })

  it('asks at once, then waits, question after question, from where it stands', async () => {
    open(pollTransport(() => 9))
    expect(last().url).toBe('/v1/widget/events/poll?conversation_id=conv_a&after_seq=4&wait_seconds=0&after_version=9')
    last().answer(frames('resumed'))
    await settle(1)
    expect(heard).toEqual([['live'], ['frame', 'resumed']])
    expect(last().url).toContain('wait_seconds=25')
    await settle(20_000)
    last().answer(frames('message.created', 'typing'))
    await settle(1)
    expect(heard.slice(2)).toEqual([
      ['frame', 'message.created'],
      ['frame', 'typing'],
    ])
    expect(asked).toHaveLength(3)
  })

  it('does not hurry when something answers for the server without waiting', async () => {
    open(pollTransport())
    for (let i = 0; i < 5; i++) {
      last().answer(frames())
      await settle(1)
    }
    expect(asked).toHaveLength(2)
    await settle(3_000)
    expect(asked).toHaveLength(3)
  })

  it('ends by silence, by a refusal, and by a lost network', async () => {
    open(pollTransport())
    await settle(40_000)
    open(pollTransport())
    last().answer(new Response('', { status: 401 }))
    await settle()
    open(pollTransport())
    last().fail()
    await settle()
    expect(heard).toEqual([
      ['gone', 'lost'],
      ['gone', 'expired'],
      ['gone', 'lost'],
    ])
  })

  it('lets a question go that is asked anew, and one that is closed', async () => {
    const line = open(pollTransport())
    last().answer(frames())
    await settle(5_000)
    line.resume({ conv_a: 5 })
    line.close()
    await settle(60_000)
    expect(heard).toEqual([['live']])
    expect(asked.slice(1).every((each) => each.signal.aborted)).toBe(true)
  })
})

describe('plain requests', () => {
  const page = (from: number, count: number) =>
    Response.json({ data: Array.from({ length: count }, (_, i) => ({ seq: from + i, conversation_id: 'conv_a' })) })

  it('read what came since, page by page, and then pause', async () => {
    const known: Places = { conv_a: 4 }
    open(plainTransport(), known)
    expect(last().url).toBe('/v1/widget/conversations/conv_a/messages?after_seq=4&limit=100')
    last().answer(page(5, 100))
    known['conv_a'] = 104
    await settle(1)
    expect(heard).toHaveLength(101)
    expect(last().url).toContain('after_seq=104')
    last().answer(page(105, 2))
    await settle(1)
    expect(asked).toHaveLength(2)
    await settle(6_000)
    expect(asked).toHaveLength(3)
  })
})
