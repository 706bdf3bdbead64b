// The socket against a scripted server: resume, gaps, duplicates, heartbeats, refusals and lost acknowledgements.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRealtime } from './realtime'
import { socketTransport } from './transports'

interface Said {
  seq: number
  conversation_id: string
  client_message_id: string | null
  sender: { kind: 'contact' | 'agent' | 'system'; name: string | null }
}

type Sent = Record<string, unknown> & { type: string }

class FakeSocket {
  static all: FakeSocket[] = []
  readyState = 0
  sent: Sent[] = []
  closedWith: number | null = null
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null

  constructor() {
    FakeSocket.all.push(this)
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Sent)
  }
  close(code = 1000): void {
    this.readyState = 3
    this.closedWith = code
  }
  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
  /** Opens and greets, as the server does. */
  welcome(): void {
    this.readyState = 1
    this.onopen?.()
    this.say({ type: 'welcome', protocol: 1, session_id: 's', audience: 'agent', heartbeat_seconds: 20 })
  }
  die(code: number): void {
    this.readyState = 3
    this.onclose?.({ code })
  }
}

const last = () => FakeSocket.all.at(-1)!
const ofType = (socket: FakeSocket, type: string) => socket.sent.filter((frame) => frame.type === type)
const message = (seq: number, kind: Said['sender']['kind'] = 'agent'): Said => ({
  seq,
  conversation_id: 'conv_a',
  client_message_id: null,
  sender: { kind, name: 'Mia' },
})
const created = (seq: number) => ({ type: 'message.created', conversation_id: 'conv_a', message: message(seq) })

function make(token: (force: boolean) => Promise<string | null> = async () => 't1') {
  return createRealtime<Said, object>({
    token,
    ways: [
      socketTransport({ url: 'ws://desk.test/v1/realtime', WebSocket: FakeSocket as unknown as typeof WebSocket }),
    ],
    random: () => 0.5,
  })
}

async function online(realtime = make()) {
  realtime.start()
  await vi.advanceTimersByTimeAsync(0)
  last().welcome()
  return realtime
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
})
afterEach(() => void vi.useRealTimers())

describe('connecting', () => {
  it('says hello with the token in the frame, never in the URL', async () => {
    const realtime = await online()
    expect(last().sent[0]).toEqual({ type: 'hello', protocol: 1, token: 't1', resume: {} })
    expect(realtime.state()).toBe('online')
  })

  it('comes back with jittered, growing pauses', async () => {
    const realtime = await online()
    last().die(1006)
    expect(realtime.state()).toBe('reconnecting')
    await vi.advanceTimersByTimeAsync(800)
    expect(FakeSocket.all).toHaveLength(2)
    last().die(1006)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(FakeSocket.all).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(600)
    expect(FakeSocket.all).toHaveLength(3)
    for (let i = 0; i < 12; i++) {
      last().die(1006)
      await vi.advanceTimersByTimeAsync(60_000)
    }
    expect(FakeSocket.all.length).toBeGreaterThanOrEqual(15)
  })

  it('takes one fresh token after 4001, then gives up', async () => {
    const asked: boolean[] = []
    const realtime = make(async (force) => {
      asked.push(force)
      return 't'
    })
    await online(realtime)
    last().die(4001)
    await vi.advanceTimersByTimeAsync(0)
    expect(asked).toEqual([false, true])
    last().readyState = 1
    last().die(4001)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(realtime.state()).toBe('refused')
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('stops for good when revoked, and when there is no token', async () => {
    const revoked = await online()
    last().die(4003)
    await vi.advanceTimersByTimeAsync(60_000)
    expect([revoked.state(), FakeSocket.all.length]).toEqual(['refused', 1])
    const nobody = make(async () => null)
    nobody.start()
    await vi.advanceTimersByTimeAsync(60_000)
    expect([nobody.state(), FakeSocket.all.length]).toEqual(['refused', 1])
  })

  it('follows a server that asks to reconnect', async () => {
    await online()
    last().say({ type: 'reconnect', after_ms: 3_000 })
    await vi.advanceTimersByTimeAsync(2_900)
    expect(FakeSocket.all).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('comes back no sooner than a server that did not let it in says', async () => {
    const realtime = make()
    realtime.start()
    await vi.advanceTimersByTimeAsync(0)
    last().readyState = 1
    last().onopen?.()
    last().say({ type: 'error', code: 'sockets_full', detail: 'Full.', retry_after_ms: 12_000 })
    last().die(4029)
    expect(realtime.state()).toBe('reconnecting')
    await vi.advanceTimersByTimeAsync(11_900)
    expect(FakeSocket.all).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(FakeSocket.all).toHaveLength(2)
    last().welcome()
    last().say({ type: 'error', code: 'rate_limited', retry_after_ms: 50_000 })
    last().die(1006)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(FakeSocket.all).toHaveLength(3)
  })

  it('leaves a socket that does not answer pings', async () => {
    await online()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(ofType(last(), 'ping')).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeSocket.all.length).toBeGreaterThan(1)
    expect(FakeSocket.all[0]!.closedWith).not.toBeNull()
  })

  it('does nothing more after stop', async () => {
    const realtime = await online()
    realtime.stop()
    await vi.advanceTimersByTimeAsync(120_000)
    expect([realtime.state(), FakeSocket.all.length]).toEqual(['idle', 1])
  })
})

describe('followed conversations', () => {
  it('swallow duplicates, ask once for a gap, and go on', async () => {
    const realtime = await online()
    const seen: number[] = []
    realtime.on('message.created', (frame) => seen.push(frame.message.seq))
    realtime.on('resumed', (frame) => seen.push(...frame.messages.map((m) => m.seq)))
    realtime.follow('conv_a', 2)
    last().say({ type: 'resumed', conversation_id: 'conv_a', messages: [], last_seq: 2, conversation: {} })
    for (const seq of [3, 3, 2, 6, 7]) last().say(created(seq))
    expect(seen).toEqual([3, 6, 7])
    expect(ofType(last(), 'resume').map((f) => f['conversations'])).toEqual([{ conv_a: 2 }, { conv_a: 3 }])
    const missing = [4, 5, 6, 7].map((seq) => message(seq))
    last().say({ type: 'resumed', conversation_id: 'conv_a', messages: missing, last_seq: 7, conversation: {} })
    last().say(created(8))
    last().say(created(7))
    expect(seen).toEqual([3, 6, 7, 4, 5, 6, 7, 8])
  })

  it('are resumed in the next hello from where they stood', async () => {
    const realtime = await online()
    realtime.follow('conv_a', 2)
    last().say(created(3))
    last().die(1006)
    await vi.advanceTimersByTimeAsync(2_000)
    last().welcome()
    expect(last().sent[0]!['resume']).toEqual({ conv_a: 3 })
  })

  it('are let go on reset, so that the app loads them anew', async () => {
    const realtime = await online()
    const resets: string[] = []
    realtime.on('reset', (frame) => resets.push(frame.conversation_id))
    realtime.follow('conv_a', 2)
    last().say({ type: 'reset', conversation_id: 'conv_a' })
    last().die(1006)
    await vi.advanceTimersByTimeAsync(2_000)
    last().welcome()
    expect(resets).toEqual(['conv_a'])
    expect(last().sent[0]!['resume']).toEqual({})
  })
})

describe('sending', () => {
  const text = { client_message_id: '11111111-1111-4111-8111-111111111111', text: 'hi' }

  it('resolves with the acknowledged message', async () => {
    const realtime = await online()
    const sent = realtime.send(text)
    last().say({ type: 'ack', ...text, conversation_id: 'conv_a', message: message(1, 'contact') })
    expect((await sent).seq).toBe(1)
  })

  it('rejects as transient when the socket is absent, closes, or stays silent', async () => {
    await expect(make().send(text)).rejects.toMatchObject({ code: 'disconnected', transient: true })
    const realtime = await online()
    const lost = realtime.send(text)
    last().die(1006)
    await expect(lost).rejects.toMatchObject({ code: 'disconnected', transient: true })
    await vi.advanceTimersByTimeAsync(2_000)
    last().welcome()
    const silent = expect(realtime.send(text)).rejects.toMatchObject({ code: 'timeout', transient: true })
    await vi.advanceTimersByTimeAsync(12_000)
    await silent
    expect(FakeSocket.all.length).toBe(3)
  })

  it('rejects for good when the server refuses it', async () => {
    const realtime = await online()
    const refused = realtime.send(text)
    last().say({ type: 'error', client_message_id: text.client_message_id, code: 'validation_failed' })
    await expect(refused).rejects.toMatchObject({ code: 'validation_failed', transient: false })
    const limited = realtime.send(text)
    const { client_message_id } = text
    last().say({ type: 'error', client_message_id, code: 'rate_limited', retry_after_ms: 2500 })
    await expect(limited).rejects.toMatchObject({ code: 'rate_limited', transient: true, retryAfter: 2.5 })
  })

  it('names its fields one by one, whatever else the caller holds', async () => {
    const realtime = await online()
    const entry = { ...text, state: 'sending', created_at: 1 }
    void realtime.send(entry).catch(() => undefined)
    expect(Object.keys(ofType(last(), 'send')[0]!).sort()).toEqual(['client_message_id', 'ref', 'text', 'type'])
  })
})

describe('typing', () => {
  it("paces its own, and ends others' when they fall silent or speak", async () => {
    const realtime = await online()
    for (let i = 0; i < 5; i++) realtime.typing('conv_a', true)
    realtime.typing('conv_a', false)
    realtime.typing('conv_a', false)
    expect(ofType(last(), 'typing').map((f) => f['on'])).toEqual([true, false])

    const heard: boolean[] = []
    realtime.on('typing', (frame) => heard.push(frame.on))
    const typing = { type: 'typing', conversation_id: 'conv_a', by: { kind: 'agent', name: 'Mia' }, on: true }
    last().say(typing)
    await vi.advanceTimersByTimeAsync(7_000)
    expect(heard).toEqual([true, false])
    last().say(typing)
    last().say(created(1))
    expect(heard).toEqual([true, false, true, false])
  })
})
