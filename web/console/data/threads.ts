// The conversations that were opened: their messages, older ones on demand, and never a hole in between.
import { ApiProblem, type Http } from 'client/http'
import type { Realtime } from 'client/realtime'
import { firstSeq, lastSeq, mergeMessages } from 'client/thread'
import type { Conversation, Message, MessagePage } from 'client/types'
import { NEW_THREAD, put, type DeskState, type ThreadState } from './state'
import type { Store } from './store'

const PAGE = 50
/** How many opened conversations are kept whole. */
const KEPT = 12

export interface Threads {
  /** Loads a conversation and its newest messages, and keeps both live. */
  openConversation(id: string): Promise<void>
  loadOlder(id: string): Promise<void>
  /** Starts a thread over. */
  reload(id: string): Promise<void>
  /** Somebody may not see it any more: as if it had never been. */
  forget(id: string): void
  /** Takes messages into an opened thread. */
  take(id: string, messages: readonly Message[]): void
  /** Asks over HTTP for what the most recent thread missed, for as long as the socket cannot tell. */
  catchUp(): Promise<void>
}

export function createThreads(with_: {
  http: Http
  store: Store<DeskState>
  realtime: Realtime<Message, Conversation>
  upsert: (conversations: readonly Conversation[]) => void
}): Threads {
  const { http, store, realtime, upsert } = with_
  /** Most recent last. */
  let order: string[] = []

  function update(id: string, change: (thread: ThreadState) => Partial<ThreadState>): void {
    store.set((state) => {
      const thread = state.threads.get(id)
      return thread ? { threads: put(state.threads, id, { ...thread, ...change(thread) }) } : {}
    })
  }

  function read(id: string, query: Record<string, number>): Promise<MessagePage> {
    return http.get<MessagePage>(`/v1/conversations/${id}/messages`, { limit: PAGE, ...query })
  }

  async function load(id: string): Promise<void> {
    store.set((state) => ({
      threads: put(state.threads, id, { ...(state.threads.get(id) ?? NEW_THREAD), status: 'loading', problem: null }),
      missing: put(state.missing, id, undefined),
    }))
    try {
      const conversation = await http.get<Conversation>(`/v1/conversations/${id}`)
      upsert([conversation])
      const page = await read(id, { before_seq: conversation.last_seq + 1 })
      update(id, ({ thread }) => ({
        status: 'ready',
        thread: mergeMessages(thread, page.data),
        hasOlder: (page.data[0]?.seq ?? 1) > 1,
      }))
      realtime.follow(id, page.data.at(-1)?.seq ?? 0)
    } catch (problem) {
      update(id, () => ({ status: 'failed', problem }))
      if (problem instanceof ApiProblem && (problem.status === 404 || problem.status === 403)) {
        store.set((state) => ({ missing: put(state.missing, id, problem) }))
      }
    }
  }

  /** Lets go of what was opened longest ago. */
  function keepRecent(id: string): void {
    order = [...order.filter((each) => each !== id), id]
    const gone = order.slice(0, -KEPT)
    order = order.slice(-KEPT)
    for (const each of gone) {
      realtime.unfollow(each)
      store.set((state) => ({ threads: put(state.threads, each, undefined) }))
    }
  }

  return {
    async openConversation(id) {
      keepRecent(id)
      const status = store.get().threads.get(id)?.status
      if (status === undefined || status === 'failed') await load(id)
    },
    async loadOlder(id) {
      const state = store.get().threads.get(id)
      if (!state || !state.hasOlder || state.loadingOlder || state.status !== 'ready') return
      update(id, () => ({ loadingOlder: true, olderProblem: null }))
      try {
        const page = await read(id, { before_seq: firstSeq(state.thread) })
        update(id, ({ thread }) => ({
          thread: mergeMessages(thread, page.data),
          loadingOlder: false,
          hasOlder: (page.data[0]?.seq ?? 1) > 1,
        }))
      } catch (problem) {
        update(id, () => ({ loadingOlder: false, olderProblem: problem }))
      }
    },
    async reload(id) {
      if (!store.get().threads.has(id)) return
      // Whatever was missed in between is unknown, so nothing of the old thread may stand beside the new one.
      update(id, () => ({ thread: NEW_THREAD.thread, hasOlder: false }))
      await load(id)
    },
    forget(id) {
      const problem = new ApiProblem({ code: 'conversation_unknown', status: 404 })
      update(id, () => ({ status: 'failed', problem, thread: NEW_THREAD.thread, hasOlder: false }))
      store.set((state) => ({ missing: put(state.missing, id, problem) }))
    },
    take(id, messages) {
      update(id, ({ thread }) => ({ thread: mergeMessages(thread, messages) }))
    },
    async catchUp() {
      const id = order.at(-1)
      const state = id ? store.get().threads.get(id) : undefined
      if (!id || !state) return
      if (state.status !== 'ready') return load(id)
      // The socket resumes what is followed; this is for when there is no socket.
      if (realtime.state() === 'online') return
      try {
        const page = await read(id, { after_seq: lastSeq(state.thread) })
        update(id, ({ thread }) => ({ thread: mergeMessages(thread, page.data) }))
      } catch {
        // The banner already says so, and the next round asks again.
      }
    },
  }
}
