// The panel as a sample for the portal: live settings in, no session, no network, nothing kept.

import { emptyThread } from 'client/thread'
import type { QueuePlace, WaitingCard, WidgetConfig, WidgetMessage } from 'client/types'
import { safeColor } from '../shared/color'
import { readNotice } from '../shared/contacts'
import type { Actions } from './actions'
import type { Desk } from './desk'
import { chooseLocale, createWords } from './i18n'
import { createStore, initialState } from './store'

const SETTINGS = ['title', 'greeting', 'away_message', 'position', 'theme', 'locale'] as const

const PLACE: Omit<QueuePlace, 'since'> = {
  position: 2,
  ahead: 1,
  estimate: { seconds: 180, low_seconds: 70, high_seconds: 290 },
  progress: 0.55,
  vip_insert: false,
  open: true,
  opens_at: null,
  message_form: false,
  staffed: true,
  patient: false,
  full: false,
  refused: false,
}

function readCard(value: unknown): WaitingCard | null {
  const { kind, title, body, media_url, link_url, coupon_code } = (value ?? {}) as Partial<WaitingCard>
  if (typeof kind !== 'string' || typeof title !== 'string') return null
  const text = (given: unknown) => (typeof given === 'string' && given ? given : null)
  return {
    id: 'sample',
    kind,
    title,
    body: text(body) ?? '',
    media_url: text(media_url),
    link_url: text(link_url),
    coupon_code: text(coupon_code),
  }
}

export function createPreview(): Desk {
  const store = createStore({
    ...initialState,
    sample: true,
    phase: 'ready',
    open: true,
    online: true,
    history: 'ready',
  })
  const { get, set } = store
  let settings: WidgetConfig = {
    company: '',
    title: '',
    greeting: '',
    away_message: '',
    color: safeColor(null),
    logo: null,
    position: 'right',
    locale: 'auto',
    theme: 'auto',
    online: true,
    survey_enabled: true,
    identity_required: false,
    emergency: readNotice(null),
    teams: [],
    hours: { open: true, opens_at: null },
  }

  function apply(): void {
    const locale = chooseLocale(undefined, settings.locale, navigator.language)
    const words = createWords(locale)
    const say = (seq: number, mine: boolean, text: string): WidgetMessage => ({
      id: `sample${seq}`,
      conversation_id: 'sample',
      seq,
      episode: 1,
      message_type: mine ? 'incoming' : 'outgoing',
      sender: mine ? { kind: 'contact', name: null } : { kind: 'agent', name: words.t('sampleName') },
      text,
      content: null,
      client_message_id: null,
      created_at: new Date().toISOString(),
    })
    document.documentElement.dataset['preview'] = settings.position
    set({
      locale,
      config: settings,
      online: settings.online,
      notice: settings.emergency,
      thread: {
        ...emptyThread<WidgetMessage>(),
        messages: [say(1, true, words.t('sampleVisitor')), say(2, false, words.t('sampleAgent'))],
      },
      conversation: {
        id: 'sample',
        version: 1,
        status: 'open',
        episode: 1,
        assignee: null,
        last_seq: 2,
        agent_read_seq: 1,
        contact_read_seq: 2,
        unread_count: 0,
        survey: null,
        created_at: new Date().toISOString(),
      },
    })
  }

  /** A visitor who waits, with something to look at. */
  function wait(given: unknown): void {
    const card = readCard(given)
    if (!card) return
    const { thread } = get()
    set({
      queue: { ...PLACE, since: new Date().toISOString() },
      bar: PLACE.progress,
      shelf: [card],
      thread: { ...thread, messages: thread.messages.slice(0, 1) },
    })
  }

  const nothing = () => undefined
  const later = () => Promise.resolve()
  const actions: Actions = {
    send: nothing,
    retry: nothing,
    discard: nothing,
    setDraft: (draft) => set({ draft }),
    typing: nothing,
    atEnd: nothing,
    loadEarlier: later,
    reload: nothing,
    rate: later,
    leaveContact: later,
    skipContact: nothing,
    chooseTeam: nothing,
    leave: later,
    counted: nothing,
    open: () => set({ open: true }),
    close: () => set({ open: get().open }),
    dismissTeaser: nothing,
    teaserHeight: nothing,
  }

  return {
    store,
    actions,
    start() {
      addEventListener('message', (event) => {
        // The portal lives on our own origin; nobody else may dress the sample.
        if (event.origin !== location.origin || event.source !== window.parent) return
        const data = event.data as { type?: unknown; settings?: Record<string, unknown> } | null
        if (data?.type !== 'frontdesk:preview' || typeof data.settings !== 'object' || data.settings === null) return
        const given = data.settings
        const texts = SETTINGS.flatMap((name) => (typeof given[name] === 'string' ? [[name, given[name]]] : []))
        const online = typeof given['online'] === 'boolean' ? given['online'] : settings.online
        settings = {
          ...settings,
          ...(Object.fromEntries(texts) as Partial<WidgetConfig>),
          color: safeColor(given['color'] ?? settings.color),
          online,
          emergency: given['emergency'] === undefined ? settings.emergency : readNotice(given['emergency']),
        }
        set({ unreachable: given['unreachable'] === true })
        apply()
        wait(given['waiting'])
      })
      apply()
      window.parent.postMessage({ type: 'frontdesk:preview-ready' }, location.origin)
    },
  }
}
