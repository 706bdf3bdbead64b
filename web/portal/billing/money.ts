// Money as people read it: amounts in the smallest unit of a currency come in, the reader's own way of writing them goes out.
import type { Currency } from 'client/types'

const writer = (currency: Currency, locale: string, options?: Intl.NumberFormatOptions) =>
  new Intl.NumberFormat(locale, { style: 'currency', currency: currency.toUpperCase(), ...options })

/** How many digits a currency has behind its point. */
export const digits = (currency: Currency) => writer(currency, 'en').resolvedOptions().maximumFractionDigits ?? 2

export const major = (minor: number, currency: Currency) => minor / 10 ** digits(currency)
export const minor = (amount: number, currency: Currency) => Math.round(amount * 10 ** digits(currency))

export const money = (amount: number, currency: Currency, locale: string) =>
  writer(currency, locale).format(major(amount, currency))

/** Without cents where there are none, for prices in large letters. */
export function price(amount: number, currency: Currency, locale: string): string {
  const value = major(amount, currency)
  return writer(currency, locale, Number.isInteger(value) ? { maximumFractionDigits: 0 } : undefined).format(value)
}

/** One thing, in millionths of the smallest unit: with as many digits as it needs. */
export function unitPrice(micros: number, currency: Currency, locale: string): string {
  const usual = digits(currency)
  const options = { minimumFractionDigits: usual, maximumFractionDigits: usual + 6 }
  return writer(currency, locale, options).format(major(micros / 1e6, currency))
}

/** The sign alone, for a field. */
export const sign = (currency: Currency, locale: string) =>
  writer(currency, locale)
    .formatToParts(0)
    .find((part) => part.type === 'currency')?.value ?? currency.toUpperCase()
