// The visitor's place in the line: read from the server, kept up by its frames, and never shown running backwards but where
// that was announced. Also what there is to look at meanwhile, and the ways not to wait.

import { ApiProblem, type Http } from 'client/http'
import type { LeaveForm, QueuePlace, WaitingCard, WidgetConversation, WidgetQueue } from 'client/types'
import type { Store } from './store'

export type LeaveKind = LeaveForm['kind']

export interface Waiting {
  /** The conversation is another one, or changed: whoever is answered waits no longer. */
  conversation(conversation: WidgetConversation | null): void
  /** News from the server, by whatever way. */
  hear(news: WidgetQueue): void
  /** Asks how things stand. */
  look(): void
  start(): void
  leave(form: LeaveForm): Promise<void>
  /** Something to look at was looked at, or followed. */
  count(id: string, kind: 'impression' | 'click'): void
}

/** Frames and conversations come together; only what no frame told within this time is asked for. */
const ASK_AFTER_MS = 400
/** How often one asks where nothing tells by itself. */
const LOOK_MS = 10_000

export function createWaiting(options: {
  store: Store
  http: Http
  /** Whether news of the line comes by itself. */
  told: () => boolean
}): Waiting {
  const { http } = options
  const { get, set } = options.store
  const counted = new Set<string>()
  let heard = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let shelf: Promise<void> | null = null

  const waits = (conversation: WidgetConversation | null) =>
    conversation !== null && conversation.status === 'open' && conversation.assignee === null

  function show(queue: QueuePlace | null): void {
    const { queue: before, bar, left } = get()
    if (!queue) return set({ queue: null, bar: 0, left: null })
    const same = before?.since === queue.since && !queue.vip_insert
    set({
      queue,
      bar: clamp(same ? Math.max(bar, queue.progress) : queue.progress),
      left: queue.patient ? left : null,
    })
    void stock()
  }

  function hear(news: WidgetQueue): void {
    const { conversation } = get()
    heard++
    if (!conversation || news.conversation_id !== conversation.id) return
    // Answered meanwhile: an older word about the line comes too late.
    show(waits(conversation) ? news.queue : null)
  }

  async function ask(): Promise<void> {
    const mine = ++heard
    try {
      const news = await http.get<WidgetQueue>('/v1/widget/queue')
      // A frame that came meanwhile is newer.
      if (mine === heard) hear(news)
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      // What is on screen stays; the next frame corrects it.
    }
  }

  function look(): void {
    clearTimeout(timer)
    if (waits(get().conversation)) void ask()
  }

  /** What there is to look at, fetched once for those who wait. */
  async function stock(): Promise<void> {
    shelf ??= http.get<{ data: WaitingCard[] }>('/v1/widget/waiting-content').then(
      ({ data }) => set({ shelf: data }),
      () => {
        // Nobody misses it; the next wait asks again.
        shelf = null
      },
    )
    await shelf
  }

  return {
    hear,
    look,
    start() {
      setInterval(() => {
        const { open, queue } = get()
        if (open && queue && document.visibilityState === 'visible' && !options.told()) look()
      }, LOOK_MS)
    },
    conversation(conversation) {
      if (!waits(conversation)) {
        clearTimeout(timer)
        shelf = null
        if (get().queue) show(null)
        return
      }
      if (get().queue) return
      const before = heard
      clearTimeout(timer)
      timer = setTimeout(() => {
        if (before === heard) look()
      }, ASK_AFTER_MS)
    },
    async leave(form) {
      const news = await http.post<WidgetQueue>('/v1/widget/queue/leave', form)
      set({ left: form.kind })
      hear(news)
    },
    count(id, kind) {
      const key = `${kind} ${id}`
      if (counted.has(key)) return
      counted.add(key)
      http.post(`/v1/widget/waiting-content/${id}/events`, { kind }).catch(() => counted.delete(key))
    },
  }
}

function clamp(progress: number): number {
  return Math.min(1, Math.max(0, progress))
}
