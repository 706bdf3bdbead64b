// Realtime against a server in memory, over ways that break, stall, repeat and reorder by chance: whatever happens, in the
// end the reader has every message once and in order.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Way } from './ladder'
import { createRealtime, type Realtime } from './realtime'
import { seeded } from './seeded'
import { contiguousSeq, emptyThread, mergeMessages, type Thread } from './thread'
import { eventReader, type Ears, type Line, type Places, type Transport } from './transports'
import type { SequencedMessage } from './types'

type Said = SequencedMessage & { text: string }
const ID = 'conv_a'

/** One conversation, and whoever listens to it. */
class World {
  log: Said[] = []
  listening = new Map<Line, { way: Way; ears: Ears<Said, object> }>()
  blocked = new Set<Way>()
  opened: Way[] = []
  broken = 0
  readonly beat: ReturnType<typeof setInterval>

  constructor(readonly random: () => number) {
    this.beat = setInterval(() => {
      for (const { ears } of this.listening.values()) ears.heard()
    }, 15_000)
  }

  say(): void {
    const seq = this.log.length + 1
    const message: Said = {
      seq,
      conversation_id: ID,
      client_message_id: null,
      sender: { kind: 'agent', name: 'Mia', id: null } as unknown as Said['sender'],
      text: `word ${seq}`,
    }
    this.log.push(message)
    for (const { ears } of [...this.listening.values()]) this.pass(ears, message)
  }

  /** Most frames come once and soon; some twice, some late, some never. */
  pass(ears: Ears<Said, object>, message: Said): void {
    const frame = { type: 'message.created', conversation_id: ID, message } as never
    const fate = this.random()
    if (fate < 0.15) return
    const times = fate < 0.3 ? 2 : 1
    for (let i = 0; i < times; i++) {
      setTimeout(
        () => {
          ears.heard()
          ears.frame(frame)
        },
        this.random() * (fate < 0.45 ? 4_000 : 50),
      )
    }
  }

  resumed(ears: Ears<Said, object>, places: Places): void {
    const after = places[ID]
    if (after === undefined) return
    const messages = this.log.filter((message) => message.seq > after)
    ears.frame({
      type: 'resumed',
      conversation_id: ID,
      messages,
      last_seq: this.log.length,
      conversation: {},
    } as never)
  }

  transport(way: Way): Transport<Said, object> {
    return {
      way,
      open: (_token, places, ears) => {
        this.opened.push(way)
        const line: Line = {
          put: () => false,
          resume: (asked) => {
            setTimeout(() => this.listening.has(line) && this.resumed(ears, asked), this.random() * 200)
            return true
          },
          renew: () => undefined,
          ping: () => setTimeout(() => this.listening.has(line) && ears.heard(), 100),
          close: () => void this.listening.delete(line),
        }
        setTimeout(() => {
          if (this.blocked.has(way)) return ears.gone('lost')
          this.listening.set(line, { way, ears })
          ears.live()
          this.resumed(ears, places())
        }, this.random() * 500)
        return line
      },
    }
  }

  breakOne(): void {
    const [line] = [...this.listening.keys()]
    const held = line && this.listening.get(line)
    if (!line || !held) return
    this.broken++
    this.listening.delete(line)
    // A silent death is noticed by the silence alone.
    if (this.random() < 0.3) return
    const asked = this.random() < 0.3
    held.ears.gone(asked ? 'asked' : 'lost', asked ? this.random() * 5_000 : undefined)
  }
}

interface Reader {
  realtime: Realtime<Said, object>
  thread: () => Thread<Said>
}

function reader(world: World): Reader {
  let thread = emptyThread<Said>()
  const realtime = createRealtime<Said, object>({
    token: async () => 't',
    ways: (['socket', 'stream', 'poll', 'plain'] as const).map((way) => world.transport(way)),
    random: world.random,
  })
  realtime.on('message.created', ({ message }) => (thread = mergeMessages(thread, [message])))
  realtime.on('resumed', ({ messages }) => (thread = mergeMessages(thread, messages)))
  realtime.follow(ID, 0)
  realtime.start()
  return { realtime, thread: () => thread }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a thread kept over any way', () => {
  it('is whole and in order after hundreds of random schedules', async () => {
    let broken = 0
    const used = new Set<Way>()
    for (let seed = 1; seed <= 400; seed++) {
      const random = seeded(seed)
      const world = new World(random)
      const { realtime, thread } = reader(world)
      for (let i = 0; i < 40; i++) {
        const what = random()
        if (what < 0.45) world.say()
        else if (what < 0.6) world.breakOne()
        else if (what < 0.7) {
          world.blocked = new Set((['socket', 'stream', 'poll', 'plain'] as const).filter(() => random() < 0.5))
        } else if (what < 0.75) realtime.reconnectNow()
        await vi.advanceTimersByTimeAsync(random() * 3_000)
      }
      world.blocked.clear()
      // What died in silence is found out, and what was lost at the very end shows with the next word.
      await vi.advanceTimersByTimeAsync(200_000)
      for (let i = 0; i < 12 && contiguousSeq(thread()) < world.log.length; i++) {
        world.say()
        await vi.advanceTimersByTimeAsync(8_000)
      }
      expect(realtime.state(), `seed ${seed}`).toBe('online')
      expect(
        thread().messages.map((message) => message.text),
        `seed ${seed}`,
      ).toEqual(world.log.map((message) => message.text))
      for (const way of world.opened) used.add(way)
      broken += world.broken
      realtime.stop()
      clearInterval(world.beat)
      expect(world.listening.size).toBe(0)
    }
    expect(broken).toBeGreaterThan(300)
    expect([...used].sort()).toEqual(['plain', 'poll', 'socket', 'stream'])
  }, 60_000)
})

describe('the reader of event streams', () => {
  it('finds the same events wherever the stream is cut', () => {
    const text = ': ping\n\ndata: {"a":1}\n\nevent: x\ndata: {"b":\ndata: 2}\r\n\r\n: ping\n\ndata:{"c":3}\n\n'
    for (let seed = 0; seed < 2_000; seed++) {
      const random = seeded(seed)
      const found: unknown[] = []
      const read = eventReader((data) => found.push(JSON.parse(data)))
      for (let at = 0; at < text.length;) {
        const size = 1 + Math.floor(random() * 9)
        read(text.slice(at, at + size))
        at += size
      }
      expect(found, `seed ${seed}`).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }])
    }
  })
})
