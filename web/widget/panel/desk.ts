// The panel's conductor: reads the inbox's settings, becomes or resumes a visitor, keeps the thread whole and tells the
// loader what it may know. Views only see its store and its actions.

import { ApiProblem } from 'client/http'
import { createOutbox, type OutboxEntry } from 'client/outbox'
import { createRealtime } from 'client/realtime'
import {
  contiguousSeq,
  dropPending,
  emptyThread,
  firstSeq,
  lastSeq,
  mergeMessages,
  putPending,
  theirs,
} from 'client/thread'
import { plainTransport, pollTransport, socketTransport, streamTransport } from 'client/transports'
import type { MessagePage, WidgetConversation, WidgetMessage, WidgetSent, WidgetSession } from 'client/types'
import { openVault } from 'client/vault'
import { readAbout } from '../shared/about'
import type { PageInfo, ToFrame } from '../shared/protocol'
import type { Actions } from './actions'
import { createAgain } from './again'
import { createBeginning } from './beginning'
import { createBridge } from './bridge'
import { chooseLocale } from './i18n'
import { createLeft } from './left'
import { createMemory } from './memory'
import { createReach } from './reach'
import { createReading } from './reading'
import { createSettings } from './settings'
import { createStore, type PanelState, type Store } from './store'
import { createVisitor, isOutside } from './visitor'
import { createWaiting } from './waiting'

export interface Desk {
  store: Store
  actions: Actions
  start(): void
}

const PAGE_SIZE = 40
const LOOK_AGAIN_MS = 60_000

export function createDesk(key: string): Desk {
  const memory = createMemory(key)
  const store = createStore()
  const { get, set } = store
  const bridge = createBridge(hear)
  let page: PageInfo | undefined
  let toldPage = ''
  let renewTimer: ReturnType<typeof setTimeout> | undefined
  let pendingIds = new Set<string>()
  /** The server could not go on from what is on the screen: it stays there until it can be loaded anew. */
  let stale = false

  const reach = createReach({ tell: told, ask: () => void settings.load() })
  const visitor = createVisitor({
    key,
    memory,
    reach,
    locale: () => get().locale,
    page: () => page,
    onSession: adopt,
    renew: () => bridge.send({ type: 'renew' }),
    onOutside: () => set({ standing: 'outside' }),
    onRefused: (code) => bridge.send({ type: 'error', code }),
  })
  const settings = createSettings({
    key,
    store,
    memory,
    bridge: () => bridge,
    http: visitor.http,
    onLoaded() {
      if (get().history === 'none' && visitor.known()) void resume()
    },
  })
  const realtime = createRealtime<WidgetMessage, WidgetConversation>({
    token: (force) => visitor.token(force),
    ways: [socketTransport(), streamTransport(), pollTransport(() => get().conversation?.version), plainTransport()],
    remembered: memory.way,
  })
  const reading = createReading({ store, memory, bridge: () => bridge, http: visitor.http, realtime: () => realtime })
  const beginning = createBeginning(store, memory)
  const waiting = createWaiting({ store, http: visitor.http, told: () => !unheard() })
  const left = createLeft(
    () => outbox,
    (ids) => bridge.send({ type: 'taken', ids }),
  )
  const outbox = createOutbox({
    storage: memory.storage,
    vault: openVault(),
    prefix: memory.prefix,
    owner: () => memory.get('who') ?? undefined,
    deliver,
    onChange: showPending,
    onLate: () => set({ delivered: get().delivered + 1 }),
  })

  function told(unreachable: boolean): void {
    set({ unreachable })
    // The panel itself says what is wrong, better than a spinner that never ends.
    if (unreachable) settings.ready()
    else outbox.flush()
  }

  // --- the visitor and the conversation --------------------------------------------------------------------------------

  function adopt(session: WidgetSession): void {
    const before = memory.get('who') ?? undefined
    const another = before !== session.contact_id
    // Whoever is vouched for is who was here before, by another name; a stranger is not.
    if (another && session.verified) outbox.reown(before, session.contact_id)
    if (another && session.conversation?.id !== get().conversation?.id) clearThread()
    memory.set('who', session.contact_id)
    set({ standing: session.blocked ? 'blocked' : 'welcome', verified: session.verified })
    settings.notice(session.emergency)
    toldPage = page?.url ?? ''
    clearTimeout(renewTimer)
    const renewIn = Math.max(30, session.expires_in - 60) * 1000
    // setTimeout overflows beyond 24 days and would then fire at once.
    const renew = () => realtime.state() === 'online' && void visitor.token(true).catch(() => undefined)
    renewTimer = setTimeout(renew, Math.min(renewIn, 86_400_000))
    // A connection belongs to who opened it.
    if (another && realtime.state() !== 'idle') {
      realtime.stop()
      realtime.start()
    } else realtime.renew(session.token)
    if (session.conversation) adoptConversation(session.conversation)
  }

  function clearThread(): void {
    const { conversation } = get()
    if (conversation) realtime.unfollow(conversation.id)
    reading.begin()
    stale = false
    set({ conversation: null, thread: emptyThread(), history: 'none', unread: 0, teaser: null, typing: null })
    waiting.conversation(null)
  }

  function adoptConversation(next: WidgetConversation): void {
    const { conversation } = get()
    if (conversation && conversation.id !== next.id) clearThread()
    // Frames overtake each other on their way through several servers.
    else if (conversation && next.version < conversation.version) return
    reading.upTo(next.contact_read_seq)
    set({ conversation: next, typing: next.status === 'resolved' ? null : get().typing })
    waiting.conversation(next)
    reading.count()
  }

  async function resume(): Promise<void> {
    if (!stale || get().history !== 'ready') set({ history: 'loading' })
    try {
      // What the session says of the conversation is to be as new as its messages.
      await visitor.token(stale)
      await loadLatest()
    } catch (error) {
      // Somebody else has begun meanwhile, and loads what is theirs.
      if (!(error instanceof ApiProblem)) return set({ history: 'none' })
      if (error.code === 'identity_required') return set({ standing: 'unknown', history: 'none' })
      if (isOutside(error)) return set({ standing: 'outside', history: 'none' })
      set({ history: 'failed' })
      if (error.transient) setTimeout(() => get().history === 'failed' && void resume(), 5_000 + Math.random() * 5_000)
    }
  }

  async function loadLatest(): Promise<void> {
    const { conversation } = get()
    if (!conversation) return set({ history: 'ready' })
    const query = { before_seq: conversation.last_seq + 1, limit: PAGE_SIZE }
    const answer = await visitor.http.get<MessagePage<WidgetMessage>>(messagesPath(conversation.id), query)
    if (stale) set({ thread: { messages: [], pending: get().thread.pending } })
    stale = false
    merge(answer.data)
    set({ history: 'ready' })
    realtime.follow(conversation.id, contiguousSeq(get().thread))
    connectIfUseful()
    reading.tease(get().thread.messages.at(-1))
  }

  /** A socket costs the server something: it is opened for those who talk, not for everyone who once did. */
  function connectIfUseful(): void {
    const { conversation, open, unread } = get()
    if (conversation && (open || unread > 0 || conversation.status === 'open')) realtime.start()
  }

  function merge(messages: readonly WidgetMessage[]): void {
    const { contact, thread } = get()
    // The thanks for an address have been read once the conversation goes on.
    if (contact.email && messages.some(({ seq }) => seq > lastSeq(thread)))
      set({ contact: { ...contact, asked: false } })
    set({ thread: mergeMessages(get().thread, messages) })
    for (const { client_message_id: id } of messages) if (id && pendingIds.has(id)) outbox.confirm(id)
    reading.count()
  }

  // --- writing ---------------------------------------------------------------------------------------------------------

  async function deliver(entry: OutboxEntry): Promise<void> {
    // Whoever signs out while this goes on takes their words with them: the next person at this browser must not say them.
    const { http, isHere } = visitor.present()
    await visitor.token()
    const { client_message_id, text, owner } = entry
    if (owner && owner !== memory.get('who')) throw new ApiProblem({ code: 'other_visitor', status: 409 })
    const { conversation } = get()
    // The first message, a reopening one, and one from a new page go over HTTP, which says more than the socket can.
    const plain = conversation?.status === 'open' && (!page || page.url === toldPage)
    // Offline a socket swallows the text for ten seconds; a request fails at once and says so.
    if (plain && realtime.state() === 'online' && navigator.onLine) {
      try {
        const message = await realtime.send({ client_message_id, text })
        return isHere() ? merge([message]) : undefined
      } catch (error) {
        if (!(error instanceof ApiProblem) || (error.status !== 0 && error.status !== 401)) throw error
      }
    }
    // No idempotency key of its own: a repeat from another page has another body, and the message's id is what counts.
    const answer = await beginning.send((start) =>
      http.post<WidgetSent>('/v1/widget/messages', { client_message_id, text, page, start }),
    )
    if (!isHere()) return
    toldPage = page?.url ?? ''
    beginning.choose(null)
    adoptConversation(answer.conversation)
    if (answer.message) merge([answer.message])
    if (get().history !== 'ready') set({ history: firstSeq(get().thread) === 1 ? 'ready' : get().history })
    realtime.follow(answer.conversation.id, contiguousSeq(get().thread))
    realtime.start()
    askContact()
  }

  function showPending(entries: readonly OutboxEntry[]): void {
    let { thread } = get()
    for (const id of pendingIds)
      if (!entries.some((entry) => entry.client_message_id === id)) thread = dropPending(thread, id)
    for (const { client_message_id, text, created_at, state, code } of entries) {
      thread = putPending(thread, { client_message_id, text, created_at, state, code })
    }
    pendingIds = new Set(entries.map((entry) => entry.client_message_id))
    set({ thread })
    left.settle(entries)
  }

  function askContact(): void {
    const { online, contact, verified } = get()
    if (!online && !verified && !contact.email && !memory.get('contact')) set({ contact: { asked: true, email: null } })
  }

  // --- realtime --------------------------------------------------------------------------------------------------------

  const current = (id: string) => get().conversation?.id === id
  const patch = (change: Partial<WidgetConversation>) => {
    const { conversation } = get()
    if (conversation) set({ conversation: { ...conversation, ...change } })
  }

  const ended = createAgain(() => realtime.start())
  realtime.onState(() => {
    const connection = realtime.state()
    set({ connection })
    if (connection === 'refused') ended()
    reach.connection(connection === 'online' ? true : connection === 'reconnecting' ? false : null)
    if (connection !== 'online') return
    outbox.flush()
    // Nothing is replayed of the line.
    waiting.look()
  })
  realtime.on('message.created', ({ conversation_id, message }) => {
    if (!current(conversation_id)) return
    merge([message])
    if (!theirs(message)) return
    reading.delivered(conversation_id, message.seq)
    bridge.send({ type: 'message', direction: 'in' })
    reading.tease(message)
  })
  realtime.on('resumed', ({ conversation_id, messages, conversation }) => {
    if (!current(conversation_id)) return
    adoptConversation(conversation)
    merge(messages)
    const newest = messages.filter(theirs).at(-1)
    if (newest) reading.delivered(conversation_id, newest.seq)
    reading.tease(newest)
  })
  realtime.on('reset', ({ conversation_id }) => {
    if (!current(conversation_id)) return
    stale = true
    void resume()
  })
  realtime.on('conversation.created', ({ conversation }) => adoptConversation(conversation))
  realtime.on('conversation.updated', ({ conversation }) => adoptConversation(conversation))
  realtime.on('conversation.read', ({ conversation_id, by, seq }) => {
    const { conversation } = get()
    if (!conversation || !current(conversation_id)) return
    if (by === 'agent') patch({ agent_read_seq: Math.max(seq, conversation.agent_read_seq) })
    else {
      // Read in another tab of the same visitor.
      reading.upTo(seq)
      reading.count()
    }
  })
  realtime.on('typing', ({ conversation_id, by, on }) => {
    if (current(conversation_id) && by.kind === 'agent') set({ typing: on ? (by.name ?? '') : null })
  })
  realtime.on('presence.updated', (frame) => {
    if ('online' in frame) set({ online: frame.online })
  })
  realtime.on('queue.updated', (frame) => {
    if ('conversation_id' in frame) waiting.hear({ ...frame, queue: frame.queue ?? null })
  })
  realtime.on('emergency.updated', ({ emergency }) => settings.notice(emergency))

  // --- the loader ------------------------------------------------------------------------------------------------------

  function hear(message: ToFrame): void {
    switch (message.type) {
      case 'init':
        page = message.page
        if (message.vouched) visitor.expect()
        set({ full: message.full })
        settings.choose(message.choices)
        if (message.open) show()
        break
      case 'open':
        show()
        break
      case 'close':
        realtime.typing(get().conversation?.id ?? '', false)
        set({ open: false })
        break
      case 'choices':
        settings.choose(message.choices)
        break
      case 'page':
        page = message.page
        break
      case 'layout':
        set({ full: message.full })
        break
      case 'compose':
        if (message.text) setDraft(message.text)
        set({ focusRequest: get().focusRequest + 1 })
        break
      case 'about':
        beginning.about(readAbout(message.about))
        break
      case 'left':
        left.hear(message.messages)
        break
      case 'identify':
        void identify(message.token)
        break
      case 'logout':
        visitor.logOut()
        forget()
        break
      case 'forget':
        forget()
        break
    }
  }

  async function identify(token: string | null): Promise<void> {
    const before = memory.get('who')
    await visitor.identify(token)
    bridge.send({ type: 'identity', verified: get().verified })
    const another = get().verified && before !== memory.get('who')
    // Whatever was asked for before the page had said who is here was asked by nobody.
    if (another || (get().history !== 'ready' && visitor.known())) await resume()
  }

  function show(): void {
    reading.endTeaser()
    set({ open: true, focusRequest: get().focusRequest + 1 })
    lookAgain()
    connectIfUseful()
    reading.count()
  }

  /** Nothing tells of changes while there is no connection. */
  function lookAgain(): void {
    const { open, connection } = get()
    if (!open || document.visibilityState !== 'visible') return
    if (connection !== 'online') settings.refresh()
    // Between two questions frames go by unheard; the session tells how things stand.
    else if (unheard()) visitor.token(true).catch(() => undefined)
  }

  /** These ways carry messages; whatever else the server says between two questions is lost. */
  function unheard(): boolean {
    return realtime.way() === 'poll' || realtime.way() === 'plain'
  }

  function forget(): void {
    realtime.stop()
    for (const { client_message_id } of outbox.entries()) outbox.discard(client_message_id)
    visitor.forget()
    memory.forget()
    clearThread()
    set({ draft: '', contact: { asked: false, email: null }, verified: false, standing: 'welcome' })
  }

  function setDraft(draft: string): void {
    set({ draft })
    memory.set('draft', draft)
  }

  const actions: Actions = {
    send(text) {
      outbox.add({ text })
      setDraft('')
      realtime.typing(get().conversation?.id ?? '', false)
      bridge.send({ type: 'message', direction: 'out' })
    },
    retry: (id) => outbox.retry(id),
    discard: (id) => outbox.discard(id),
    setDraft,
    typing(on) {
      const { conversation } = get()
      if (conversation?.status === 'open') realtime.typing(conversation.id, on)
    },
    atEnd: reading.atEnd,
    async loadEarlier() {
      const { conversation, thread, loadingEarlier } = get()
      if (!conversation || loadingEarlier || firstSeq(thread) <= 1) return
      set({ loadingEarlier: true })
      try {
        const query = { before_seq: firstSeq(thread), limit: PAGE_SIZE }
        merge((await visitor.http.get<MessagePage<WidgetMessage>>(messagesPath(conversation.id), query)).data)
      } finally {
        set({ loadingEarlier: false })
      }
    },
    reload() {
      if (get().history === 'failed') void resume()
      void settings.load()
      realtime.reconnectNow()
      outbox.flush()
    },
    async rate(rating, comment) {
      const { conversation } = get()
      if (!conversation) return
      const body = { rating, comment: comment.trim() || undefined }
      adoptConversation(await visitor.http.post(`/v1/widget/conversations/${conversation.id}/survey`, body))
    },
    async leaveContact(contact) {
      await visitor.http.patch('/v1/widget/contact', contact)
      memory.set('contact', 'left')
      set({ contact: { asked: true, email: contact.email } })
    },
    skipContact() {
      memory.set('contact', 'skipped')
      set({ contact: { asked: false, email: null } })
    },
    chooseTeam: beginning.choose,
    leave: waiting.leave,
    counted: waiting.count,
    open: () => bridge.send({ type: 'open' }),
    close: () => bridge.send({ type: 'close' }),
    dismissTeaser: reading.endTeaser,
    teaserHeight: (height) => bridge.send({ type: 'teaser', height }),
  }

  return {
    store,
    actions,
    start() {
      const restored: Partial<PanelState> = {
        draft: memory.get('draft') ?? '',
        offline: !navigator.onLine,
        open: !bridge.embedded,
      }
      beginning.restore()
      set({ ...restored, locale: chooseLocale(undefined, undefined, navigator.language) })
      addEventListener('online', () => {
        set({ offline: false })
        outbox.flush()
        if (!settings.known()) void settings.load()
        else if (get().history === 'failed') void resume()
      })
      addEventListener('offline', () => set({ offline: true }))
      document.addEventListener('visibilitychange', reading.count)
      memory.onChange((name, value) => {
        // Another tab became a visitor: so did we.
        if (name === 'secret' && value && get().history === 'none') void resume()
        if (name.startsWith('outbox:') && value === null) outbox.settle()
      })
      bridge.send({ type: 'hello' })
      settings.restore()
      void settings.load()
      setInterval(lookAgain, LOOK_AGAIN_MS)
      waiting.start()
    },
  }
}

function messagesPath(conversationId: string): string {
  return `/v1/widget/conversations/${conversationId}/messages`
}
