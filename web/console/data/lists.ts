// The five lists: first pages, further pages, and reading them again after the connection was away.
import type { Http } from 'client/http'
import type { Conversation, Page } from 'client/types'
import type { DeskState, ListState } from './state'
import type { Store } from './store'
import { contradicted, VIEWS, viewQuery, type View } from './views'

const PAGE = 40

export interface Lists {
  /** Loads a view unless it is at hand. */
  openView(view: View): Promise<void>
  loadMore(view: View): Promise<void>
  /** Reads the first page of every view that was opened, and drops what it contradicts. */
  reload(): Promise<void>
}

export function createLists(with_: {
  http: Http
  store: Store<DeskState>
  me: string
  upsert: (conversations: readonly Conversation[]) => void
  drop: (ids: readonly string[]) => void
}): Lists {
  const { http, store, me, upsert, drop } = with_
  const running = new Map<View, Promise<void>>()

  function update(view: View, change: Partial<ListState>): void {
    store.set((state) => ({ lists: { ...state.lists, [view]: { ...state.lists[view], ...change } } }))
  }

  function fetchPage(view: View, cursor?: string): Promise<Page<Conversation>> {
    return http.get('/v1/conversations', { ...viewQuery(view), limit: PAGE, cursor })
  }

  const endOf = (page: Page<Conversation>) => (page.next_cursor ? (page.data.at(-1)?.last_activity_at ?? null) : null)

  async function firstPage(view: View): Promise<void> {
    const known = store.get().lists[view].status === 'ready'
    if (!known) update(view, { status: 'loading', problem: null })
    try {
      const page = await fetchPage(view)
      const horizon = endOf(page)
      upsert(page.data)
      const { conversations, threads } = store.get()
      const wrong = contradicted(conversations.values(), view, me, page.data, horizon)
      // One that is open on screen is asked for by itself: it moved to another view, and must not vanish.
      drop(wrong.filter((id) => !threads.has(id)))
      await Promise.allSettled(
        wrong
          .filter((id) => threads.has(id))
          .map(async (id) => upsert([await http.get<Conversation>(`/v1/conversations/${id}`)])),
      )
      update(view, { status: 'ready', problem: null, cursor: page.next_cursor, horizon })
    } catch (problem) {
      // A list that was read before stays in sight; the connection banner says that it may be old.
      update(view, known ? {} : { status: 'failed', problem })
    }
  }

  function readOnce(view: View): Promise<void> {
    const already = running.get(view)
    if (already) return already
    const read = firstPage(view).finally(() => running.delete(view))
    running.set(view, read)
    return read
  }

  return {
    async openView(view) {
      const { status } = store.get().lists[view]
      if (status === 'new' || status === 'failed') await readOnce(view)
    },
    async loadMore(view) {
      const { cursor, loadingMore, status } = store.get().lists[view]
      if (!cursor || loadingMore || status !== 'ready') return
      update(view, { loadingMore: true })
      try {
        const page = await fetchPage(view, cursor)
        upsert(page.data)
        // Read again meanwhile: this page belongs to a list that is no more.
        if (store.get().lists[view].cursor !== cursor) return update(view, { loadingMore: false })
        update(view, { loadingMore: false, problem: null, cursor: page.next_cursor, horizon: endOf(page) })
      } catch (problem) {
        update(view, { loadingMore: false, problem })
      }
    },
    async reload() {
      const { lists } = store.get()
      await Promise.all(VIEWS.filter((view) => lists[view].status !== 'new').map(readOnce))
    },
  }
}
