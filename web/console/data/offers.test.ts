// Offers come, are answered, run out and are withdrawn; each exactly once.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiProblem, type Http } from 'client/http'
import type { Realtime } from 'client/realtime'
import type { Conversation, Message } from 'client/types'
import { conversation } from './fixtures'
import { createOffers } from './offers'
import { initialState } from './state'
import { createStore } from './store'

type Listener = (frame: unknown) => void

function floor(answer: () => Promise<unknown> = async () => conversation({ assignee_id: 'agent_1' })) {
  const listeners = new Map<string, Listener>()
  const realtime = {
    on: (type: string, listener: Listener) => {
      listeners.set(type, listener)
      return () => listeners.delete(type)
    },
  } as unknown as Realtime<Message, Conversation>
  const store = createStore(initialState())
  const asked: string[] = []
  const http = {
    post: (path: string) => {
      asked.push(path)
      return answer()
    },
  } as unknown as Http
  const offers = createOffers({ http, store, realtime, upsert: () => undefined })
  const stop = offers.listen()
  const say = (type: string, frame: object) => listeners.get(type)?.({ type, ...frame })
  const offer = (seconds = 30) =>
    say('conversation.offered', {
      conversation: conversation(),
      expires_at: new Date(Date.now() + seconds * 1000).toISOString(),
    })
  return { store, offers, asked, say, offer, stop, open: () => store.get().offers.length }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('an offer', () => {
  it('rings once, however often it is said', () => {
    const { offers, offer, open } = floor()
    const rung = vi.fn()
    offers.onOffer(rung)
    offer()
    offer()
    expect(rung).toHaveBeenCalledTimes(1)
    expect(open()).toBe(1)
  })

  it('is gone once it was taken', async () => {
    const { offers, offer, open, asked } = floor()
    offer()
    await offers.accept('conv_1')
    expect(asked).toEqual(['/v1/conversations/conv_1/accept'])
    expect(open()).toBe(0)
  })

  it('ends by the clock, also when nobody says so', () => {
    const { offer, open } = floor()
    offer(10)
    vi.advanceTimersByTime(11_000)
    expect(open()).toBe(1)
    vi.advanceTimersByTime(2_000)
    expect(open()).toBe(0)
  })

  it('is withdrawn when the conversation ends or goes to somebody else', () => {
    const { say, offer, open } = floor()
    offer()
    say('conversation.updated', { conversation: conversation({ version: 9 }) })
    expect(open()).toBe(1)
    say('conversation.updated', { conversation: conversation({ assignee_id: 'agent_7' }) })
    expect(open()).toBe(0)
    offer()
    say('conversation.updated', { conversation: conversation({ status: 'resolved' }) })
    expect(open()).toBe(0)
  })

  it('goes by the clock of the server, not of the device', () => {
    const { store, say, open } = floor()
    store.set({ skew: 3_600_000 })
    say('conversation.offered', {
      conversation: conversation(),
      expires_at: new Date(Date.now() + 3_620_000).toISOString(),
    })
    expect(store.get().offers[0]?.seconds).toBe(20)
    vi.advanceTimersByTime(23_000)
    expect(open()).toBe(0)
  })

  it('is not even shown when it is over already', () => {
    const { offer, open } = floor()
    offer(-1)
    expect(open()).toBe(0)
  })

  it('is withdrawn by the server', () => {
    const { offer, say, open } = floor()
    offer()
    say('conversation.offer_ended', { conversation_id: 'conv_1', outcome: 'withdrawn' })
    expect(open()).toBe(0)
  })

  it('tells who asked what came of it, and nobody else', () => {
    const { offers, offer, say } = floor()
    const told = vi.fn()
    offers.onAnswer(told)
    offer()
    say('conversation.offer_ended', { conversation_id: 'conv_1', outcome: 'accepted' })
    expect(told).not.toHaveBeenCalled()
    offers.awaitAnswer('conv_1')
    for (let i = 0; i < 2; i++) say('conversation.offer_ended', { conversation_id: 'conv_1', outcome: 'declined' })
    expect(told.mock.calls).toEqual([['conv_1', 'declined']])
  })

  it('goes when it was too late, and stays while the network is to blame', async () => {
    const late = floor(async () => Promise.reject(new ApiProblem({ code: 'offer_gone', status: 409 })))
    late.offer()
    await expect(late.offers.accept('conv_1')).rejects.toThrow()
    expect(late.open()).toBe(0)
    const away = floor(async () => Promise.reject(new ApiProblem({ code: 'network' })))
    away.offer()
    await expect(away.offers.decline('conv_1')).rejects.toThrow()
    expect(away.store.get().offers[0]?.busy).toBe(false)
  })
})
