// The verdict on the server: not at the first hiccup, within five seconds of real trouble, and taken back at the first answer.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createReach, type Reach } from './reach'

let told: boolean[]
let there: boolean
let reach: Reach

beforeEach(() => {
  vi.useFakeTimers()
  told = []
  there = true
  reach = createReach({ tell: (unreachable) => told.push(unreachable), ask: () => reach.begin()(there) })
})
afterEach(() => void vi.useRealTimers())

describe('reach', () => {
  it.each(['refuses', 'keeps silent'])('tells of a server that %s', async (how) => {
    const end = reach.begin()
    if (how === 'refuses') end(false)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(told).toEqual([])
    await vi.advanceTimersByTimeAsync(1_500)
    expect(told).toEqual([true])
    if (how === 'refuses') reach.begin()(true)
    else end(true)
    expect(told).toEqual([true, false])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toEqual([true, false])
  })

  it('does not mind hiccups', async () => {
    for (let i = 0; i < 20; i++) {
      reach.connection(false)
      reach.begin()(false)
      await vi.advanceTimersByTimeAsync(2_000)
      reach.connection(true)
      await vi.advanceTimersByTimeAsync(2_000)
    }
    expect(told).toEqual([])
  })

  it('tells within five seconds of a server that took the connection with it', async () => {
    reach.connection(true)
    there = false
    reach.connection(false)
    await vi.advanceTimersByTimeAsync(4_000)
    expect(told).toEqual([true])
    for (let i = 0; i < 10; i++) {
      reach.begin()(false)
      await vi.advanceTimersByTimeAsync(1_000)
    }
    expect(told).toEqual([true])
    reach.connection(true)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(told).toEqual([true, false])
  })

  it('asks no more once it has told', async () => {
    let asks = 0
    reach = createReach({
      tell: (unreachable) => told.push(unreachable),
      ask: () => {
        asks++
        reach.begin()(false)
      },
    })
    reach.connection(false)
    await vi.advanceTimersByTimeAsync(600_000)
    expect([told, asks]).toEqual([[true], 1])
  })

  it('does not take a blocked connection for a missing server', async () => {
    reach.connection(false)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toEqual([])
  })
})
