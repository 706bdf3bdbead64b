// However frames are shuffled, repeated or lost and fetched again, a thread ends the same.
import { describe, expect, it } from 'vitest'
import {
  contiguousSeq,
  dropPending,
  emptyThread,
  firstSeq,
  lastSeq,
  mergeMessages,
  putPending,
  type PendingMessage,
  type Thread,
} from './thread'

interface Said {
  seq: number
  client_message_id: string | null
  text: string
}

const said = (seq: number, client_message_id: string | null = null): Said => ({
  seq,
  client_message_id,
  text: `m${seq}`,
})
const pending = (id: string, created_at: number): PendingMessage => ({
  client_message_id: id,
  text: id,
  created_at,
  state: 'sending',
})

/** A small seeded generator: a failing seed can be run again. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function shuffled<T>(items: readonly T[], roll: () => number): T[] {
  const copy = [...items]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(roll() * (i + 1))
    ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
  }
  return copy
}

describe('merging', () => {
  it('keeps order and holds each message once', () => {
    let thread = emptyThread<Said>()
    for (const seq of [3, 1, 2, 2, 1]) thread = mergeMessages(thread, [said(seq)])
    expect(thread.messages.map((m) => m.seq)).toEqual([1, 2, 3])
    expect([firstSeq(thread), lastSeq(thread)]).toEqual([1, 3])
  })

  it('returns the same object when nothing is new', () => {
    const one = said(1)
    const thread = mergeMessages(emptyThread<Said>(), [one])
    expect(mergeMessages(thread, [one])).toBe(thread)
    expect(mergeMessages(thread, [])).toBe(thread)
  })

  it('confirms a pending message by its client id, whichever comes first', () => {
    let thread = putPending(emptyThread<Said>(), pending('a', 1))
    thread = mergeMessages(thread, [said(1, 'a')])
    expect(thread.pending).toEqual([])
    thread = putPending(thread, pending('a', 1))
    expect(thread.pending).toEqual([])
  })

  it('lets the author give up a pending message', () => {
    const thread = putPending(emptyThread<Said>(), pending('a', 1))
    expect(dropPending(thread, 'a').pending).toEqual([])
    expect(dropPending(thread, 'b')).toBe(thread)
  })

  it('finds the last message before a hole, also in a window that starts late', () => {
    expect(contiguousSeq(emptyThread())).toBe(0)
    expect(contiguousSeq(mergeMessages(emptyThread<Said>(), [said(5), said(6), said(8)]))).toBe(6)
  })
})

describe('any delivery of the same conversation', () => {
  const everything = Array.from({ length: 40 }, (_, i) => said(i + 1, i % 3 === 0 ? `c${i}` : null))
  const mine = everything.flatMap((m, i) => (m.client_message_id ? [pending(m.client_message_id, i)] : []))
  const expected: Thread<Said> = { messages: everything, pending: [] }

  it.each(Array.from({ length: 200 }, (_, seed) => seed))('ends the same, seed %i', (seed) => {
    const roll = dice(seed)
    let thread = emptyThread<Said>()
    // Frames arrive shuffled, some twice, some never; own sends are entered at any moment.
    const frames = everything.filter(() => roll() > 0.25).flatMap((m) => (roll() > 0.7 ? [m, { ...m }] : [m]))
    const steps = shuffled([...frames, ...mine], roll)
    for (const step of steps) {
      thread = 'state' in step ? putPending(thread, step) : mergeMessages(thread, [step])
      const seqs = thread.messages.map((m) => m.seq)
      expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
      const confirmed = new Set(thread.messages.map((m) => m.client_message_id))
      expect(thread.pending.some((p) => confirmed.has(p.client_message_id))).toBe(false)
    }
    // What was lost is fetched again in pages, as a resume would.
    for (let rounds = 0; rounds < 60; rounds++) {
      const from = firstSeq(thread) === 1 ? contiguousSeq(thread) : 0
      const page = everything.filter((m) => m.seq > from).slice(0, 7)
      if (page.length === 0) break
      thread = mergeMessages(thread, shuffled(page, roll))
    }
    expect(thread).toEqual(expected)
  })
})
