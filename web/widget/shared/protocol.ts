// What the loader (on the customer's page) and the panel (in our frame) say to each other.
// Texts of messages are not among it: the host page learns that something was said, never what. But for what was written while there
// was no frame: then the page is all there is.

import type { EmergencyContact } from 'client/types'
import type { About } from './about'
import type { LeftMessage } from './left'

export interface PageInfo {
  url: string
  title: string
  referrer: string
}

export type LocaleChoice = 'auto' | 'en' | 'zh-CN'
export type ThemeChoice = 'auto' | 'light' | 'dark'
export type Side = 'left' | 'right'

/** What the page may choose over the inbox's own settings. */
export interface Choices {
  locale?: LocaleChoice
  theme?: ThemeChoice
  color?: string
}

/** What the launcher needs to look right and to help alone, kept by the loader for the next page. */
export interface Look {
  color: string
  position: Side
  locale: 'en' | 'zh-CN'
  /** Where else the company can be reached, for when not even the frame can. */
  contacts: EmergencyContact[]
}

export type ToFrame =
  /** `vouched` promises that an `identify` follows. */
  | { type: 'init'; choices: Choices; page: PageInfo; open: boolean; full: boolean; vouched: boolean }
  /** Who the page says is here, signed by the company's server; null when it cannot say so. */
  | { type: 'identify'; token: string | null }
  /** The person has signed out of the site. */
  | { type: 'logout' }
  | { type: 'open' }
  | { type: 'close' }
  | { type: 'choices'; choices: Choices }
  | { type: 'page'; page: PageInfo }
  | { type: 'layout'; full: boolean }
  | { type: 'compose'; text: string }
  /** What the page says of the next talk. */
  | { type: 'about'; about: About }
  /** What was written while there was no frame. */
  | { type: 'left'; messages: LeftMessage[] }
  /** The person at this browser has changed: forget who they were. */
  | { type: 'forget' }

export type FromFrame =
  | { type: 'hello' }
  | { type: 'look'; look: Look }
  | { type: 'ready' }
  | { type: 'open' }
  | { type: 'close' }
  | { type: 'unread'; count: number }
  | { type: 'message'; direction: 'in' | 'out' }
  /** These of what was `left` are sent, or taken back: they need not be kept any longer. */
  | { type: 'taken'; ids: string[] }
  /** Asks to be shown as a small card of this height while closed; null takes the card away. */
  | { type: 'teaser'; height: number | null }
  /** A fresh token is needed. */
  | { type: 'renew' }
  /** Whether the company vouches for who is here now. */
  | { type: 'identity'; verified: boolean }
  | { type: 'error'; code: string }
  /** This inbox cannot be served at all, so the launcher should not be there. */
  | { type: 'refused'; code: string }

export type Sealed<T> = T & { frontdesk: 1; nonce: string }

export function seal<T extends object>(nonce: string, message: T): Sealed<T> {
  return { ...message, frontdesk: 1, nonce }
}

/** The message inside an event, if it is one of ours: right window, right origin, right nonce, right shape. */
export function unseal<T extends { type: string }>(
  event: MessageEvent,
  expected: { source: unknown; origin: string; nonce: string },
): T | null {
  if (event.source !== expected.source || event.origin !== expected.origin) return null
  const data = event.data as Partial<Sealed<T>> | null
  if (typeof data !== 'object' || data === null || data.frontdesk !== 1) return null
  if (data.nonce !== expected.nonce || typeof data.type !== 'string') return null
  return data as unknown as T
}
