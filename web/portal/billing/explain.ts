// A line of an invoice in words: what it is about, and how its amount came to be.
import type { TFunction } from 'i18next'
import type { Currency, InvoiceLine } from 'client/types'
import { amount, wholeNumber } from '../usage/amounts'
import { money, unitPrice } from './money'

export interface Explained {
  title: string
  notes: string[]
}

/** "1 – 31 Mar 2027", as the reader writes it. */
export function span(from: string, to: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', day: 'numeric' }).formatRange(
    new Date(from),
    new Date(to),
  )
}

export function explain(t: TFunction, line: InvoiceLine, currency: Currency, locale: string): Explained {
  const plan = line.plan && t(`plan.${line.plan}`, { defaultValue: line.plan })
  const period = span(line.from, line.to, locale)
  const seats = line.quantity
  switch (line.kind) {
    case 'seats':
    case 'unused_seats':
    case 'remaining_seats': {
      // The provider's own words where it does not say how many of what.
      if (plan === null || seats === null)
        return { title: line.description ?? t('billing.line.other'), notes: [period] }
      const each =
        line.unit_micros === null
          ? []
          : [`${wholeNumber(seats, locale)} × ${unitPrice(line.unit_micros, currency, locale)}`]
      const when = line.kind === 'seats' ? period : t(`billing.line.${line.kind}_note`, { period })
      return { title: t(`billing.line.${line.kind}`, { plan, count: seats }), notes: [...each, when] }
    }
    case 'usage': {
      if (line.meter === null) return { title: line.description ?? t('billing.line.other'), notes: [period] }
      const meter = line.meter
      const used = t('billing.line.used', { amount: amount(meter, line.quantity ?? 0, locale) })
      const included =
        line.included === null ? [] : [t('billing.line.included', { amount: amount(meter, line.included, locale) })]
      const charged = line.tiers
        .filter((tier) => tier.unit_micros > 0)
        .map(
          (tier) =>
            `${wholeNumber(tier.quantity, locale)} × ${unitPrice(tier.unit_micros, currency, locale)} = ${money(tier.amount_minor, currency, locale)}`,
        )
      // The provider has a line for each step.
      const step =
        line.tiers.length === 0 && line.unit_micros !== null && line.unit_micros > 0
          ? [`${wholeNumber(line.quantity ?? 0, locale)} × ${unitPrice(line.unit_micros, currency, locale)}`]
          : []
      return {
        title: t(`meter.${meter}`),
        notes: [[used, ...included].join(t('billing.line.comma')), ...charged, ...step, period],
      }
    }
    case 'credit':
      return { title: t('billing.line.credit'), notes: [t('billing.line.credit_note')] }
    case 'discount':
      return { title: line.description ?? t('billing.line.discount'), notes: [period] }
    case 'other':
      return { title: line.description ?? t('billing.line.other'), notes: [period] }
  }
}
