// What a form has changed, and only that: a colleague's change to another setting must survive ours.
import type { Inbox, InboxSettings } from 'client/types'

export interface Draft extends InboxSettings {
  name: string
}

export const draftOf = (inbox: Pick<Inbox, 'name' | 'settings'>): Draft => ({ ...inbox.settings, name: inbox.name })

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** The body of the PATCH, or null when there is nothing to save. */
export function changes(before: Draft, after: Draft): { name?: string; settings?: Partial<InboxSettings> } | null {
  const { name: nameBefore, ...settingsBefore } = before
  const { name, ...settings } = after
  const changed = Object.entries(settings).filter(
    ([key, value]) => !same(value, settingsBefore[key as keyof InboxSettings]),
  )
  const body = {
    ...(name.trim() === nameBefore ? {} : { name: name.trim() }),
    ...(changed.length > 0 ? { settings: Object.fromEntries(changed) as Partial<InboxSettings> } : {}),
  }
  return Object.keys(body).length > 0 ? body : null
}
