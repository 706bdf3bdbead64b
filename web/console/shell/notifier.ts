// Tells the agent of a message they are not looking at: a desktop notification, a sound, both only if they asked for it.
import i18next from 'i18next'
import { useEffect, useRef, useSyncExternalStore } from 'react'
import { recall, remember } from 'ui/storage'
import { useDesk } from '../data/context'
import type { Desk } from '../data/desk'
import { contactName } from '../data/conversations'
import { hasAttention } from '../thread/usePageAttention'
import { ring } from './sound'

type Kind = 'desktop' | 'sound'

interface Preferences {
  desktop: boolean
  sound: boolean
  permission: NotificationPermission | 'unsupported'
}

const keyOf = (kind: Kind) => `frontdesk.alerts.${kind}`
const listeners = new Set<() => void>()
let preferences = read()

function read(): Preferences {
  const permission = typeof Notification === 'undefined' ? 'unsupported' : Notification.permission
  return {
    desktop: recall(keyOf('desktop')) === 'on' && permission === 'granted',
    sound: recall(keyOf('sound')) === 'on',
    permission,
  }
}

function changed(): void {
  preferences = read()
  for (const listener of listeners) listener()
}

export function useNotificationPreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => preferences,
  )
}

/** Browsers ask the person themselves, and only after a click. */
export async function setPreference(kind: Kind, on: boolean): Promise<void> {
  if (kind === 'desktop' && on && typeof Notification !== 'undefined' && Notification.permission !== 'granted') {
    await Notification.requestPermission()
  }
  remember(keyOf(kind), on ? 'on' : 'off')
  changed()
}

export function testSound(): void {
  ring()
}

/** Alerts about messages for me, or for nobody yet. Never about the conversation under my eyes. */
export function useNotifier(openId: string | undefined, open: (conversationId: string) => void): void {
  const desk = useDesk()
  const latest = useRef({ openId, open })
  useEffect(() => {
    latest.current = { openId, open }
  })

  useEffect(
    () =>
      desk.onIncoming(({ conversation, message }) => {
        const { id, assignee_id: assignee } = conversation
        if (assignee !== null && assignee !== desk.me.agent.id) return
        const watching = hasAttention()
        if (watching && latest.current.openId === id) return
        if (preferences.sound) ring()
        if (!preferences.desktop || watching) return
        const note = new Notification(
          contactName(conversation.contact) ?? i18next.t('contact.visitor', { number: conversation.number }),
          // One per conversation: the newest replaces the one before it.
          { body: message.text.slice(0, 180), tag: id },
        )
        note.onclick = () => {
          window.focus()
          latest.current.open(id)
          note.close()
        }
      }),
    [desk],
  )
}

const RING_AGAIN_MS = 4_000

/** An offer rings until it is answered, and comes up where the agent looks. */
export function ringForOffers(desk: Desk, open: (conversationId: string) => void): () => void {
  const notes = new Map<string, Notification>()
  const again = setInterval(() => {
    const { offers } = desk.store.get()
    if (preferences.sound && offers.some((offer) => !offer.busy)) ring()
  }, RING_AGAIN_MS)
  const offOffer = desk.onOffer(({ conversation }) => {
    if (preferences.sound) ring()
    if (!preferences.desktop || hasAttention()) return
    const name = contactName(conversation.contact) ?? i18next.t('contact.visitor', { number: conversation.number })
    const note = new Notification(i18next.t('offer.notification', { name }), {
      body: conversation.last_message?.text.slice(0, 180),
      tag: `offer ${conversation.id}`,
      requireInteraction: true,
    })
    notes.set(conversation.id, note)
    note.onclick = () => {
      window.focus()
      open(conversation.id)
      note.close()
    }
  })
  const offStore = desk.store.subscribe(() => {
    const { offers } = desk.store.get()
    for (const [id, note] of notes) {
      if (offers.some((offer) => offer.conversation.id === id)) continue
      note.close()
      notes.delete(id)
    }
  })
  return () => {
    clearInterval(again)
    offOffer()
    offStore()
    for (const note of notes.values()) note.close()
  }
}
