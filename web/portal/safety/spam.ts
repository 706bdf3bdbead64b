// From which pace on newcomers are asked, while it is being chosen.
import type { SpamGuard, SpamGuardChoice } from 'client/types'

/** What is offered first. */
export const USUAL_CONVERSATIONS = 20

export const choiceOf = ({
  active,
  visitors_per_minute,
  conversations_per_minute,
}: Pick<SpamGuard, keyof SpamGuardChoice>): SpamGuardChoice => ({
  active,
  visitors_per_minute,
  conversations_per_minute,
})

export const sameChoice = (one: SpamGuardChoice, other: SpamGuardChoice) =>
  one.active === other.active &&
  one.visitors_per_minute === other.visitors_per_minute &&
  one.conversations_per_minute === other.conversations_per_minute
