// The outbox loses nothing: not to a reload, not to a dead network, not to a second tab; and it keeps the order.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiProblem } from './http'
import { createOutbox, HELD_AFTER_MS, type OutboxEntry, type Vault } from './outbox'

class MemoryStorage {
  private readonly map = new Map<string, string>()
  get length(): number {
    return this.map.size
  }
  key = (i: number): string | null => [...this.map.keys()][i] ?? null
  getItem = (key: string): string | null => this.map.get(key) ?? null
  setItem = (key: string, value: string): void => void this.map.set(key, value)
  removeItem = (key: string): void => void this.map.delete(key)
}

const down = () => new ApiProblem({ code: 'network' })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the outbox', () => {
  it('sends in order, one at a time within a conversation', async () => {
    const log: string[] = []
    let release: (() => void) | undefined
    const outbox = createOutbox({
      deliver: (entry) => {
        log.push(entry.text)
        return new Promise((resolve) => (release = resolve))
      },
    })
    outbox.add({ text: 'one' })
    outbox.add({ text: 'two' })
    outbox.add({ text: 'elsewhere', conversation_id: 'conv_b' })
    expect(log).toEqual(['one', 'elsewhere'])
    release?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(log).toEqual(['one', 'elsewhere'])
  })

  it('repeats after a lost connection with the same id, until it is through', async () => {
    const ids: string[] = []
    let fail = 3
    const outbox = createOutbox({
      random: () => 0.5,
      deliver: async (entry) => {
        ids.push(entry.client_message_id)
        if (fail-- > 0) throw down()
      },
    })
    outbox.add({ text: 'hello' })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(ids).toHaveLength(4)
    expect(new Set(ids).size).toBe(1)
    expect(outbox.entries()).toEqual([])
  })

  it('waits as long as a rate limit asks, even when flushed', async () => {
    let calls = 0
    const outbox = createOutbox({
      deliver: async () => {
        calls++
        if (calls === 1) throw new ApiProblem({ code: 'rate_limited', status: 429, retryAfter: 8 })
      },
    })
    outbox.add({ text: 'hello' })
    await vi.advanceTimersByTimeAsync(0)
    outbox.flush()
    await vi.advanceTimersByTimeAsync(7_500)
    expect(calls).toBe(1)
    expect(outbox.entries()[0]).toMatchObject({ state: 'waiting', code: 'rate_limited' })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(calls).toBe(2)
    expect(outbox.entries()).toEqual([])
  })

  it('marks a refusal as failed, lets the rest pass, and retries by hand', async () => {
    let refuse = true
    const sent: string[] = []
    const outbox = createOutbox({
      deliver: async (entry) => {
        if (refuse && entry.text === 'bad') throw new ApiProblem({ code: 'text_too_long', status: 422 })
        sent.push(entry.text)
      },
    })
    const bad = outbox.add({ text: 'bad' })
    outbox.add({ text: 'good' })
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual(['good'])
    expect(outbox.entries()).toMatchObject([{ text: 'bad', state: 'failed', code: 'text_too_long' }])
    refuse = false
    outbox.retry(bad.client_message_id)
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual(['good', 'bad'])
  })

  it('sends after a reload what was left, in the order it was written', async () => {
    const storage = new MemoryStorage()
    const before = createOutbox({ storage, deliver: () => Promise.reject(down()) })
    before.add({ text: 'first' })
    before.add({ text: 'second' })
    await vi.advanceTimersByTimeAsync(0)
    before.close()

    const sent: OutboxEntry[] = []
    const after = createOutbox({ storage, deliver: async (entry) => void sent.push(entry) })
    expect(after.entries().map((entry) => entry.text)).toEqual(['first', 'second'])
    await vi.advanceTimersByTimeAsync(0)
    expect(sent.map((entry) => entry.text)).toEqual(['first', 'second'])
    expect(storage.length).toBe(0)
  })

  it('takes on what was written elsewhere, once, and says when it got through', async () => {
    const sent: string[] = []
    const late: string[] = []
    const outbox = createOutbox({
      storage: new MemoryStorage(),
      deliver: async (entry) => void sent.push(entry.text),
      onLate: (entry) => late.push(entry.text),
    })
    const elsewhere = { client_message_id: '7', text: 'left', created_at: Date.now() - 1000 }
    expect([outbox.adopt(elsewhere), outbox.adopt(elsewhere)]).toEqual([true, true])
    await vi.advanceTimersByTimeAsync(0)
    expect([sent, late]).toEqual([['left'], ['left']])
    expect(outbox.adopt(elsewhere)).toBe(false)
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual(['left'])
  })

  it('does not erase what another tab wrote', async () => {
    const storage = new MemoryStorage()
    const never = () => Promise.reject(down())
    const a = createOutbox({ storage, deliver: never })
    const b = createOutbox({ storage, deliver: never })
    a.add({ text: 'from a' })
    b.add({ text: 'from b' })
    await vi.advanceTimersByTimeAsync(0)
    const next = createOutbox({ storage, deliver: never })
    expect(next.entries().map((entry) => entry.text)).toEqual(['from a', 'from b'])
  })

  it('forgets an entry that was seen confirmed, and ignores foreign or broken keys', async () => {
    const storage = new MemoryStorage()
    storage.setItem('frontdesk:outbox:x', '{broken')
    storage.setItem('unrelated', '1')
    const outbox = createOutbox({ storage, deliver: () => new Promise(() => undefined) })
    expect(outbox.entries()).toEqual([])
    const entry = outbox.add({ text: 'hello' })
    outbox.confirm(entry.client_message_id)
    expect(outbox.entries()).toEqual([])
    expect(storage.getItem(`frontdesk:outbox:${entry.client_message_id}`)).toBeNull()
  })

  it('works when storage throws', async () => {
    const blocked = new Proxy({} as Storage, {
      get: () => {
        throw new DOMException('denied', 'SecurityError')
      },
    })
    const sent: string[] = []
    const outbox = createOutbox({ storage: blocked, deliver: async (entry) => void sent.push(entry.text) })
    outbox.add({ text: 'hello' })
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual(['hello'])
  })

  it('says when something got through late, and only then', async () => {
    const storage = new MemoryStorage()
    let reachable = false
    const late: string[] = []
    const make = () =>
      createOutbox({
        storage,
        deliver: async () => {
          if (!reachable) throw down()
        },
        onLate: (entry) => late.push(entry.text),
      })
    const before = make()
    before.add({ text: 'kept' })
    await vi.advanceTimersByTimeAsync(0)
    before.close()
    reachable = true
    const after = make()
    await vi.advanceTimersByTimeAsync(0)
    after.add({ text: 'at once' })
    await vi.advanceTimersByTimeAsync(0)
    expect(late).toEqual(['kept'])
  })

  it('asks before sending what is older than a week', async () => {
    const storage = new MemoryStorage()
    const sent: string[] = []
    const before = createOutbox({ storage, deliver: () => Promise.reject(down()) })
    const old = before.add({ text: 'from last month' })
    await vi.advanceTimersByTimeAsync(0)
    before.close()
    vi.setSystemTime(Date.now() + HELD_AFTER_MS + 1)
    const after = createOutbox({ storage, deliver: async (entry) => void sent.push(entry.text) })
    after.add({ text: 'from today' })
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual(['from today'])
    expect(after.entries()).toMatchObject([{ text: 'from last month', state: 'held' }])
    after.flush()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent).toEqual(['from today'])
    after.retry(old.client_message_id)
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual(['from today', 'from last month'])
    expect(storage.length).toBe(0)
  })

  it('settles what another tab sent, and takes on what a closed one left', async () => {
    const storage = new MemoryStorage()
    let reachable = false
    const sent: string[] = []
    const deliver = async (entry: OutboxEntry) => {
      if (!reachable) throw down()
      sent.push(entry.client_message_id)
    }
    const a = createOutbox({ storage, deliver })
    const b = createOutbox({ storage, deliver })
    const first = a.add({ text: 'from a' })
    const second = b.add({ text: 'from b' })
    await vi.advanceTimersByTimeAsync(0)
    a.close()
    reachable = true
    b.flush()
    await vi.advanceTimersByTimeAsync(5_000)
    expect([...sent].sort()).toEqual([first.client_message_id, second.client_message_id].sort())
    expect(a.entries()).toHaveLength(1)
    a.settle()
    expect(a.entries()).toEqual([])
  })

  it('finds in the vault what the storage had no room for', async () => {
    const kept = new Map<string, OutboxEntry>()
    const vault: Vault = {
      load: async (prefix) => [...kept].filter(([key]) => key.startsWith(prefix)).map(([, entry]) => entry),
      put: (key, entry) => void kept.set(key, entry),
      remove: (key) => void kept.delete(key),
    }
    const full = new MemoryStorage()
    full.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    const before = createOutbox({ storage: full, vault, deliver: () => Promise.reject(down()) })
    const entry = before.add({ text: 'long' })
    await vi.advanceTimersByTimeAsync(0)
    before.settle()
    expect(before.entries()).toHaveLength(1)
    before.close()
    const sent: string[] = []
    createOutbox({
      storage: full,
      vault,
      deliver: async (each) => void sent.push(each.client_message_id),
    })
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual([entry.client_message_id])
    expect(kept.size).toBe(0)
  })

  it('settles nothing while the storage cannot be read', async () => {
    const storage = new MemoryStorage()
    const kept = new Map<string, OutboxEntry>()
    const vault: Vault = {
      load: async () => [],
      put: (key, entry) => void kept.set(key, entry),
      remove: (key) => void kept.delete(key),
    }
    const outbox = createOutbox({ storage, vault, deliver: () => Promise.reject(down()) })
    for (const text of ['one', 'two', 'three']) outbox.add({ text, conversation_id: text })
    await vi.advanceTimersByTimeAsync(0)
    const { getItem } = storage
    let reads = 0
    storage.getItem = (key) => {
      if (++reads > 1) throw new DOMException('denied', 'SecurityError')
      return getItem(key)
    }
    outbox.settle()
    expect(outbox.entries().map((entry) => entry.text)).toEqual(['one', 'two', 'three'])
    expect(storage.length).toBe(3)
    expect(kept.size).toBe(3)
    // Once it can be read again, what another tab took is settled as ever.
    storage.getItem = getItem
    storage.removeItem(storage.key(2) ?? '')
    outbox.settle()
    expect(outbox.entries().map((entry) => entry.text)).toEqual(['one', 'two'])
    expect(kept.size).toBe(2)
  })

  it('sends what only the vault held before what is written while it opens', async () => {
    const old = { client_message_id: 'old', text: 'old', created_at: Date.now() - 60_000, state: 'waiting' }
    const sent: string[] = []
    const outbox = createOutbox({
      vault: {
        load: () => new Promise((resolve) => setTimeout(() => resolve([old]), 300)),
        put: () => undefined,
        remove: () => undefined,
      },
      deliver: async (entry) => void sent.push(entry.text),
    })
    outbox.add({ text: 'new' })
    await vi.advanceTimersByTimeAsync(300)
    expect(sent).toEqual(['old', 'new'])
  })

  it.each([
    ['never opens', () => new Promise<unknown[]>(() => undefined)],
    ['is denied', () => Promise.reject(new Error('denied'))],
  ])('sends all the same when the vault %s', async (_, load) => {
    const sent: string[] = []
    const outbox = createOutbox({
      vault: { load, put: () => undefined, remove: () => undefined },
      deliver: async (entry) => void sent.push(entry.text),
    })
    outbox.add({ text: 'hello' })
    await vi.advanceTimersByTimeAsync(1_500)
    expect(sent).toEqual(['hello'])
    outbox.add({ text: 'again' })
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual(['hello', 'again'])
  })

  it('writes down whose message it is', () => {
    const outbox = createOutbox({ owner: () => 'cont_1', deliver: () => new Promise(() => undefined) })
    expect(outbox.add({ text: 'mine' }).owner).toBe('cont_1')
  })
})
