// What the views may ask for. The desk does it in earnest, the preview only pretends.

import type { LeaveForm } from 'client/types'

export interface Actions {
  send(text: string): void
  retry(clientMessageId: string): void
  discard(clientMessageId: string): void
  setDraft(text: string): void
  typing(on: boolean): void
  /** The reader sees the end of the thread, or no longer does. */
  atEnd(reached: boolean): void
  loadEarlier(): Promise<void>
  reload(): void
  rate(rating: number, comment: string): Promise<void>
  leaveContact(contact: { email: string; name?: string }): Promise<void>
  skipContact(): void
  chooseTeam(id: string | null): void
  /** Gives up the live wait for another way. */
  leave(form: LeaveForm): Promise<void>
  counted(id: string, kind: 'impression' | 'click'): void
  open(): void
  close(): void
  dismissTeaser(): void
  teaserHeight(height: number): void
}
