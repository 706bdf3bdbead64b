// Unsent words, per conversation and kind, kept on this device until they are sent.
import { forget, recall, remember } from 'ui/storage'

export type DraftKind = 'reply' | 'note'

const PREFIX = 'frontdesk.draft.'
const keyOf = (conversationId: string, kind: DraftKind) => `${PREFIX}${conversationId}.${kind}`

export function readDraft(conversationId: string, kind: DraftKind): string {
  return recall(keyOf(conversationId, kind)) ?? ''
}

export function keepDraft(conversationId: string, kind: DraftKind, text: string): void {
  if (text.trim()) remember(keyOf(conversationId, kind), text)
  else forget(keyOf(conversationId, kind))
}
