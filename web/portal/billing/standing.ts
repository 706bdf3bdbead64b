// How a company stands, as one notice above its plan: what is so, until when, and how urgent that is.
import type { Billing, BillingState } from 'client/types'
import type { Tone } from '../shell/Tag'

export const DAY_MS = 86_400_000

export interface Notice {
  key: 'trial' | 'trial_ending' | 'trial_bought' | 'cancelling' | 'grace' | 'restricted' | 'unheard' | 'ended'
  tone: 'accent' | 'warn' | 'danger'
  until: string | null
}

/** Begun days count: somebody with one hour left has one day. */
export const daysLeft = (until: string, now: number) => Math.max(0, Math.ceil((Date.parse(until) - now) / DAY_MS))

export function notice(billing: Billing, now: number): Notice | null {
  const ends = billing.trial.ends_at
  switch (billing.state) {
    case 'grace':
      return { key: 'grace', tone: 'warn', until: billing.grace_ends_at }
    case 'restricted':
      // Nobody has failed to pay where nothing was heard.
      return { key: billing.grace_ends_at ? 'restricted' : 'unheard', tone: 'danger', until: null }
    case 'ended':
      return { key: 'ended', tone: 'accent', until: null }
    case 'trialing':
      if (billing.cancels_at_end) return { key: 'cancelling', tone: 'warn', until: billing.period_to }
      if (billing.interval !== null) return { key: 'trial_bought', tone: 'accent', until: billing.period_to }
      return ends && daysLeft(ends, now) <= 3
        ? { key: 'trial_ending', tone: 'warn', until: ends }
        : { key: 'trial', tone: 'accent', until: ends }
    case 'active':
      return billing.cancels_at_end ? { key: 'cancelling', tone: 'warn', until: billing.period_to } : null
    case 'free':
      return null
  }
}

/** What is said on every page, to those who can do something about it. */
export function pressing(billing: Billing, now: number): Notice | null {
  const found = notice(billing, now)
  return found && ['grace', 'restricted', 'unheard', 'trial_ending'].includes(found.key) ? found : null
}

export const TONE: Record<BillingState, Tone> = {
  free: 'plain',
  trialing: 'accent',
  active: 'ok',
  grace: 'warn',
  restricted: 'danger',
  ended: 'plain',
}
