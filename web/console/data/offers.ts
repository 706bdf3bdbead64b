// Offers: conversations that are mine if I take them in time. They end by my word, by the clock, or because they were withdrawn.
import { ApiProblem, type Http } from 'client/http'
import type { Realtime } from 'client/realtime'
import type { Conversation, Message, OfferOutcome } from 'client/types'
import type { DeskState, Offer } from './state'
import type { Store } from './store'

export interface Offers {
  accept(conversationId: string): Promise<void>
  decline(conversationId: string): Promise<void>
  /** Hears of every new offer. */
  onOffer(listener: (offer: Offer) => void): () => void
  /** A colleague was asked to take this one. */
  awaitAnswer(conversationId: string): void
  /** Hears what became of a conversation that I wanted to hand to somebody. */
  onAnswer(listener: AnswerListener): () => void
}

type AnswerListener = (conversationId: string, outcome: OfferOutcome) => void

/** The server ends an offer in time; this is for the frame that does not come. */
const GRACE_MS = 2_000

export function createOffers(with_: {
  http: Http
  store: Store<DeskState>
  realtime: Realtime<Message, Conversation>
  upsert: (conversations: readonly Conversation[]) => void
  now?: () => number
}): Offers & { listen: () => () => void } {
  const { http, store, realtime, upsert } = with_
  const now = with_.now ?? Date.now
  const listeners = new Set<(offer: Offer) => void>()
  const answerListeners = new Set<AnswerListener>()
  const awaited = new Set<string>()
  const timers = new Map<string, ReturnType<typeof setTimeout>>()

  function put(offer: Offer): void {
    const { id } = offer.conversation
    store.set(({ offers }) => ({ offers: [...offers.filter((each) => each.conversation.id !== id), offer] }))
    clearTimeout(timers.get(id))
    timers.set(
      id,
      setTimeout(() => end(id), offer.expiresAt - now() + GRACE_MS),
    )
  }

  function end(id: string): void {
    clearTimeout(timers.get(id))
    timers.delete(id)
    store.set(({ offers }) => {
      const left = offers.filter((each) => each.conversation.id !== id)
      return { offers: left.length === offers.length ? offers : left }
    })
  }

  function busy(id: string, on: boolean): void {
    store.set(({ offers }) => ({
      offers: offers.map((each) => (each.conversation.id === id ? { ...each, busy: on } : each)),
    }))
  }

  async function answer(id: string, word: 'accept' | 'decline'): Promise<void> {
    busy(id, true)
    try {
      const conversation = await http.post<Conversation | undefined>(`/v1/conversations/${id}/${word}`)
      if (conversation) upsert([conversation])
      end(id)
    } catch (problem) {
      // Too late, or taken back: there is nothing left to answer.
      if (problem instanceof ApiProblem && !problem.transient) end(id)
      else busy(id, false)
      throw problem
    }
  }

  return {
    accept: (id) => answer(id, 'accept'),
    decline: (id) => answer(id, 'decline'),
    onOffer(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    awaitAnswer: (id) => void awaited.add(id),
    onAnswer(listener) {
      answerListeners.add(listener)
      return () => answerListeners.delete(listener)
    },
    listen() {
      const off = [
        realtime.on('conversation.offered', ({ conversation, expires_at, from = null, summary = null }) => {
          const expiresAt = Date.parse(expires_at) - store.get().skew
          const seconds = (expiresAt - now()) / 1000
          if (seconds <= 0) return
          upsert([conversation])
          const offer = { conversation, expiresAt, seconds, busy: false, from, summary }
          const known = store.get().offers.some((each) => each.conversation.id === conversation.id)
          put(offer)
          // Said again after a reconnect, it is the same offer.
          if (!known) for (const listener of listeners) listener(offer)
        }),
        realtime.on('conversation.offer_ended', ({ conversation_id, outcome }) => {
          end(conversation_id)
          if (awaited.delete(conversation_id)) {
            for (const listener of answerListeners) listener(conversation_id, outcome)
          }
        }),
      ]
      // Ended, or somebody else's meanwhile: nobody may ring for it any more.
      off.push(
        realtime.on('conversation.updated', ({ conversation: { id, status, assignee_id } }) => {
          const offer = store.get().offers.find((each) => each.conversation.id === id)
          if (offer && (status !== 'open' || assignee_id !== offer.conversation.assignee_id)) end(id)
        }),
      )
      return () => {
        for (const each of off) each()
        for (const timer of timers.values()) clearTimeout(timer)
        timers.clear()
      }
    },
  }
}
