// What can be done about a plan, and what it costs: the price list and how a company stands in, choices out.
import type { Billing, Currency, Interval, Meter, Offer, PriceOffer, Tier } from 'client/types'

export const priceOf = (offer: Offer, currency: Currency, interval: Interval): PriceOffer | null =>
  offer.prices.find((price) => price.currency === currency && price.interval === interval) ?? null

export const tiersOf = (price: PriceOffer | null, meter: Meter['meter']): Tier[] =>
  price?.metered.find((each) => each.meter === meter)?.tiers ?? []

/** What one thing costs as soon as it is no longer included; null when nothing is charged. */
export const firstPrice = (tiers: Tier[]): number | null =>
  tiers.find((tier) => tier.unit_micros > 0)?.unit_micros ?? null

/** What a quantity would cost, in the smallest unit: an estimate for forecasts, the invoice says what is owed. */
export function cost(tiers: Tier[], quantity: number): number {
  let before = 0
  let sum = 0
  for (const { up_to, unit_micros } of tiers) {
    const end = Math.min(up_to ?? quantity, quantity)
    sum += Math.round((Math.max(0, end - before) * unit_micros) / 1e6)
    before = Math.max(before, end)
  }
  return sum
}

/** How much less a year costs than twelve months, from 0 to 1. */
export function saving(offers: Offer[], currency: Currency): number | null {
  const shares = offers.flatMap((offer) => {
    const month = priceOf(offer, currency, 'month')
    const year = priceOf(offer, currency, 'year')
    return month && year && month.seat_minor > 0 ? [1 - year.seat_minor / (12 * month.seat_minor)] : []
  })
  return shares.length > 0 ? Math.max(0, Math.min(...shares)) : null
}

export type Choice =
  /** Nothing to press: it is not for sale. */
  | 'none'
  /** It is what they have. */
  | 'current'
  /** The same plan, paid in the other rhythm. */
  | 'rhythm'
  | 'buy'
  | 'change'
  /** Not before the open payment. */
  | 'settle'

/** What pressing a plan would do. */
export function choice(billing: Billing, offer: Offer, interval: Interval): Choice {
  const subscribed = billing.interval !== null
  if (!subscribed) return offer.for_sale ? 'buy' : billing.plan === offer.id ? 'current' : 'none'
  if (billing.plan === offer.id && billing.interval === interval) return 'current'
  if (!offer.for_sale) return 'none'
  if (billing.state === 'restricted') return 'settle'
  return billing.plan === offer.id ? 'rhythm' : 'change'
}

/** Whether a plan can be tried before buying. */
export const triable = (billing: Billing, offer: Offer) =>
  billing.trial.available && billing.interval === null && offer.for_sale && offer.trial_days > 0

/** How few and how many seats can be bought, and where to begin. */
export function seatBounds(billing: Billing, offer: Offer): { least: number; most: number; start: number } {
  const least = Math.max(1, billing.seats.taken)
  const most = Math.max(least, offer.limits.agents ?? 100_000)
  const had = billing.interval === null ? least : (billing.seats.total ?? least)
  return { least, most, start: Math.min(Math.max(had, least), most) }
}

const EURO = 'AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK'.split(' ')

/** The currency that somebody who reads the page in these languages most likely pays in. */
export function likelyCurrency(locale: string, browser: string, sold: readonly Currency[]): Currency {
  const region = new Intl.Locale(browser).maximize().region ?? ''
  const wish: Currency = locale === 'zh-CN' || region === 'CN' ? 'cny' : EURO.includes(region) ? 'eur' : 'usd'
  return sold.includes(wish) ? wish : (sold[0] ?? 'usd')
}
