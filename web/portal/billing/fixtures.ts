// A price list and a company, for tests.
import type { Billing, Offer } from 'client/types'

const NOTHING = {
  agents: null,
  inboxes: null,
  conversations_per_month: null,
  messages_per_month: null,
  storage_bytes: null,
}

export const FREE: Offer = {
  id: 'free',
  name: 'Free',
  for_sale: false,
  trial_days: 0,
  limits: { ...NOTHING, agents: 5 },
  metered: [],
  prices: [],
}

export const PRO: Offer = {
  id: 'pro',
  name: 'Pro',
  for_sale: true,
  trial_days: 14,
  limits: { ...NOTHING, agents: 50 },
  metered: [{ meter: 'conversations', included_per_month: 100, beyond: 'charge' }],
  prices: [
    {
      currency: 'usd',
      interval: 'month',
      seat_minor: 1_900,
      metered: [
        {
          meter: 'conversations',
          tiers: [
            { up_to: 100, unit_micros: 0 },
            { up_to: 150, unit_micros: 2_000_000 },
            { up_to: null, unit_micros: 500_000 },
          ],
        },
      ],
    },
    { currency: 'usd', interval: 'year', seat_minor: 19_000, metered: [] },
  ],
}

export const SCALE: Offer = { ...PRO, id: 'scale', name: 'Scale', limits: { ...NOTHING, agents: 1_000 } }

export const company = (facts: Partial<Billing> = {}): Billing => ({
  plan: 'free',
  state: 'free',
  provider: 'local',
  currency: null,
  interval: null,
  seats: { taken: 2, total: 5, most: 5 },
  limits: NOTHING,
  period_from: null,
  period_to: null,
  cancels_at_end: false,
  trial: { available: true, ends_at: null },
  grace_ends_at: null,
  payment_url: null,
  hard_limit: false,
  alerts: { included: true, budget_minor: null },
  seen_at: null,
  ...facts,
})

export const subscriber = (facts: Partial<Billing> = {}): Billing =>
  company({
    plan: 'pro',
    state: 'active',
    currency: 'usd',
    interval: 'month',
    seats: { taken: 2, total: 3, most: 50 },
    period_from: '2027-03-01T00:00:00Z',
    period_to: '2027-04-01T00:00:00Z',
    trial: { available: false, ends_at: null },
    ...facts,
  })
