// The views: what belongs in each, in which order, and how far down a list is known to be complete.
import type { Conversation, ConversationCounts } from 'client/types'

export const VIEWS = ['mine', 'unassigned', 'open', 'pending', 'snoozed', 'resolved'] as const
export type View = (typeof VIEWS)[number]

export function isView(text: string | null | undefined): text is View {
  return VIEWS.includes(text as View)
}

/** How the API is asked for a view. */
export function viewQuery(view: View): Record<string, string> {
  switch (view) {
    case 'mine':
      return { status: 'open', assignee: 'me' }
    case 'unassigned':
      return { status: 'open', assignee: 'none' }
    case 'open':
      return { status: 'open' }
    case 'pending':
      return { status: 'pending' }
    case 'snoozed':
      return { status: 'snoozed' }
    case 'resolved':
      return { status: 'resolved' }
  }
}

export function belongs(conversation: Conversation, view: View, me: string): boolean {
  switch (view) {
    case 'mine':
      return conversation.status === 'open' && conversation.assignee_id === me
    case 'unassigned':
      return conversation.status === 'open' && conversation.assignee_id === null
    case 'open':
      return conversation.status === 'open'
    case 'pending':
      return conversation.status === 'pending'
    case 'snoozed':
      return conversation.status === 'snoozed'
    case 'resolved':
      return conversation.status === 'resolved'
  }
}

const COUNT_OF: Record<View, keyof ConversationCounts> = {
  mine: 'mine',
  unassigned: 'unassigned',
  open: 'all_open',
  pending: 'pending',
  snoozed: 'snoozed',
  resolved: 'resolved',
}

export function countOf(counts: ConversationCounts | null, view: View): number | undefined {
  return counts?.[COUNT_OF[view]]
}

/** Moves the counts along with one conversation, until the server's own arrive. */
export function shiftCounts(
  counts: ConversationCounts | null,
  before: Conversation | undefined,
  after: Conversation,
  me: string,
): ConversationCounts | null {
  if (!counts || !before) return counts
  let shifted = counts
  for (const view of VIEWS) {
    const step = Number(belongs(after, view, me)) - Number(belongs(before, view, me))
    if (step === 0) continue
    const key = COUNT_OF[view]
    shifted = { ...shifted, [key]: Math.max(0, shifted[key] + step) }
  }
  return shifted
}

export const newestFirst = (a: Conversation, b: Conversation) =>
  b.last_activity_at < a.last_activity_at ? -1 : b.last_activity_at > a.last_activity_at ? 1 : b.number - a.number

/**
 * A view's conversations among all that are known, newest activity first. While the server holds more pages, what is
 * older than the last page's end stays hidden, for there may be unknown ones in between.
 * `kept` stays in sight even after it left the view: the row under the agent's eyes must not vanish by itself.
 */
export function listOf(
  all: Iterable<Conversation>,
  view: View,
  me: string,
  horizon: string | null,
  kept?: string | null,
): Conversation[] {
  const list: Conversation[] = []
  for (const conversation of all) {
    const within = horizon === null || conversation.last_activity_at >= horizon
    if ((within && belongs(conversation, view, me)) || conversation.id === kept) list.push(conversation)
  }
  return list.sort(newestFirst)
}

/**
 * Known conversations that a freshly read first page contradicts: they should be on it and are not, so they changed
 * while nobody told us.
 */
export function contradicted(
  all: Iterable<Conversation>,
  view: View,
  me: string,
  page: readonly Conversation[],
  horizon: string | null,
): string[] {
  const present = new Set(page.map((conversation) => conversation.id))
  return listOf(all, view, me, horizon)
    .filter((conversation) => !present.has(conversation.id))
    .map((conversation) => conversation.id)
}
