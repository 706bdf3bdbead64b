// A company's other contacts: checked, for they come from storage that others can write; and as addresses that are safe to
// follow. Nothing but telephone, mail and https ever becomes a link.

import type { EmergencyContact, EmergencyNotice } from 'client/types'

export const MOST_CONTACTS = 6
const KINDS = ['phone', 'email', 'link', 'other'] as const

/** Where a contact leads; null for what is only to be read. */
export function contactHref({ kind, value }: Pick<EmergencyContact, 'kind' | 'value'>): string | null {
  const text = value.trim()
  if (kind === 'phone') {
    const digits = text.replace(/[^0-9]/g, '')
    if (!/^\+?[0-9 ()./-]+$/.test(text) || digits.length < 3 || digits.length > 20) return null
    return `tel:${text.startsWith('+') ? '+' : ''}${digits}`
  }
  // A question mark would begin a letter's own head lines, a comma a second address.
  if (kind === 'email')
    return /^[^\s@?&#,;:<>"'%\\]+@[^\s@?&#,;:<>"'%\\]+\.[^\s@?&#,;:<>"'%\\]+$/.test(text) ? `mailto:${text}` : null
  if (kind !== 'link') return null
  try {
    const url = new URL(text)
    // A user name in front of the host only serves to disguise it.
    return url.protocol === 'https:' && !url.username && !url.password ? url.href : null
  } catch {
    return null
  }
}

/** The contacts in something read from storage or from a message; whatever is not one is left out. */
export function readContacts(value: unknown): EmergencyContact[] {
  if (!Array.isArray(value)) return []
  const contacts: EmergencyContact[] = []
  for (const item of value as Partial<EmergencyContact>[]) {
    const kind = KINDS.find((each) => each === item?.kind)
    if (!kind || typeof item.label !== 'string' || typeof item.value !== 'string') continue
    contacts.push({ kind, label: item.label.slice(0, 60), value: item.value.slice(0, 200) })
  }
  return contacts.slice(0, MOST_CONTACTS)
}

export function readNotice(value: unknown): EmergencyNotice {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Partial<EmergencyNotice>
  return {
    active: given.active === true,
    message: typeof given.message === 'string' && given.message.trim() ? given.message.slice(0, 500) : null,
    contacts: readContacts(given.contacts),
  }
}
