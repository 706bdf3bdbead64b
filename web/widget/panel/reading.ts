// What the visitor has seen of the thread, and what of it is still news: unread counts, receipts, and the card beside the launcher.

import type { Http } from 'client/http'
import type { Realtime } from 'client/realtime'
import { theirs } from 'client/thread'
import type { WidgetConversation, WidgetMessage } from 'client/types'
import type { Bridge } from './bridge'
import type { Memory } from './memory'
import type { Store } from './store'

export interface Reading {
  /** Another conversation, or none: nothing of it has been read. */
  begin(): void
  /** Read up to here, on this page or another. */
  upTo(seq: number): void
  count(): void
  /** The reader sees the end of the thread, or no longer does. */
  atEnd(reached: boolean): void
  delivered(conversationId: string, seq: number): void
  tease(message: WidgetMessage | undefined): void
  endTeaser(): void
}

export function createReading(options: {
  store: Store
  memory: Memory
  bridge: () => Bridge
  http: Http
  realtime: () => Realtime<WidgetMessage, WidgetConversation>
}): Reading {
  const { memory, http, realtime, bridge } = options
  const { get, set } = options.store
  let readSeq = 0
  let atEnd = true

  function count(): void {
    markRead()
    const { thread, conversation, history } = get()
    const loaded = thread.messages.filter((message) => theirs(message) && message.seq > readSeq).length
    // Until the history is here the server's own count is all there is, unless this frame has read on since.
    const told = conversation && readSeq <= conversation.contact_read_seq ? conversation.unread_count : 0
    const unread = history === 'ready' ? loaded : Math.max(loaded, told)
    if (unread === get().unread) return
    set({ unread })
    bridge().send({ type: 'unread', count: unread })
  }

  /** What is on screen is read, at once, so that nothing flickers as unread. */
  function markRead(): void {
    const { open, conversation, thread } = get()
    if (!open || !atEnd || document.visibilityState !== 'visible' || !conversation) return
    // One's own words need no receipt.
    const seq = thread.messages.findLast(theirs)?.seq ?? 0
    if (seq <= readSeq) return
    readSeq = seq
    if (realtime().read(conversation.id, seq)) return
    http.post(`/v1/widget/conversations/${conversation.id}/read`, { seq }).catch(() => undefined)
  }

  return {
    begin: () => (readSeq = 0),
    upTo: (seq) => (readSeq = Math.max(readSeq, seq)),
    count,
    atEnd(reached) {
      atEnd = reached
      count()
    },
    delivered(id, seq) {
      if (realtime().delivered(id, seq)) return
      http.post(`/v1/widget/conversations/${id}/delivered`, { seq }).catch(() => undefined)
    },
    tease(message) {
      if (!message || get().open || message.message_type !== 'outgoing' || message.seq <= readSeq) return
      if (Number(memory.get('teased') ?? 0) >= message.seq) return
      set({ teaser: message })
    },
    endTeaser() {
      const { teaser } = get()
      if (!teaser) return
      memory.set('teased', String(teaser.seq))
      set({ teaser: null })
      bridge().send({ type: 'teaser', height: null })
    },
  }
}
