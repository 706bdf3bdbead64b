// The kinds of what is kept, and what a choice means.
import type { Retention, RetentionChoice } from 'client/types'

export interface Kind {
  name: keyof RetentionChoice
  /** The fewest days that can be chosen. */
  least: number
  /** What is offered first. */
  usual: number
}

export const KINDS: readonly Kind[] = [
  { name: 'conversation_days', least: 1, usual: 365 },
  { name: 'contact_days', least: 1, usual: 730 },
  { name: 'audit_days', least: 30, usual: 730 },
]

export const choiceOf = ({ conversation_days, contact_days, audit_days }: Retention): RetentionChoice => ({
  conversation_days,
  contact_days,
  audit_days,
})

export const sameChoice = (one: RetentionChoice, other: RetentionChoice) =>
  KINDS.every(({ name }) => one[name] === other[name])

/** Whether anything is kept for less long than before: only then can something be lost by it. */
export const isShorter = (before: RetentionChoice, after: RetentionChoice) =>
  KINDS.some(({ name }) => (after[name] ?? Infinity) < (before[name] ?? Infinity))
