// The plans beside each other: what they include, what they cost, and the one thing that can be done about each.
import { Button, NativeSelect, SegmentedControl } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import type { Billing, Catalogue, Currency, Interval, Offer } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { Tag } from '../shell/Tag'
import { amount, wholeNumber } from '../usage/amounts'
import { percent } from '../ratings/shares'
import css from './Billing.module.css'
import { price, unitPrice } from './money'
import { choice, firstPrice, priceOf, saving, tiersOf, triable } from './offers'
import { useChange } from './useBilling'

export function PlanCards(props: {
  billing: Billing
  catalogue: Catalogue
  may: boolean
  currency: Currency
  onCurrency: (currency: Currency) => void
  interval: Interval
  onInterval: (interval: Interval) => void
  onChoose: (what: 'buy' | 'change', offer: Offer) => void
}) {
  const { t, i18n } = useTranslation()
  const { billing, catalogue, currency, interval } = props
  const saved = saving(catalogue.plans, currency)
  const offers = catalogue.plans.filter((offer) => offer.id !== 'private')
  return (
    <section aria-label={t('billing.plans')}>
      <div className={css.choices}>
        <h2>{t('billing.plans')}</h2>
        <SegmentedControl
          aria-label={t('billing.order.interval')}
          value={interval}
          onChange={(value) => props.onInterval(value as Interval)}
          data={[
            { value: 'month', label: t('billing.month') },
            {
              value: 'year',
              label: saved ? t('billing.year_saves', { share: percent(saved, i18n.language) }) : t('billing.year'),
            },
          ]}
        />
        {billing.currency === null && (
          <NativeSelect
            aria-label={t('billing.order.currency')}
            w={96}
            value={currency}
            onChange={(event) => props.onCurrency(event.currentTarget.value as Currency)}
            data={catalogue.currencies.map((value) => ({ value, label: value.toUpperCase() }))}
          />
        )}
      </div>
      <ul className={css.plans}>
        {offers.map((offer) => (
          <PlanCard key={offer.id} {...props} offer={offer} />
        ))}
      </ul>
    </section>
  )
}

function PlanCard(props: Parameters<typeof PlanCards>[0] & { offer: Offer }) {
  const { t, i18n } = useTranslation()
  const { billing, offer, currency, interval, may } = props
  const locale = i18n.language
  const change = useChange()
  const found = priceOf(offer, currency, interval)
  const plan = t(`plan.${offer.id}`, { defaultValue: offer.name })
  const yours = billing.plan === offer.id
  const what = choice(billing, offer, interval)
  const trial = useMutation({
    mutationFn: () =>
      change({ method: 'POST', path: 'trial', body: { plan: offer.id }, done: t('billing.done.trial', { plan }) }),
    onError: (problem) => notifyProblem(t, problem),
  })
  const tries = may && triable(billing, offer)

  return (
    <li className={css.plan} data-current={yours || undefined}>
      <div className={css.planHead}>
        <h3>{plan}</h3>
        {yours && <Tag tone="accent">{t('billing.yours')}</Tag>}
      </div>
      <p className={css.planText}>{t(`billing.plan_text.${offer.id}`, { defaultValue: ' ' })}</p>
      <p className={css.price}>
        <b>{price(found ? (interval === 'year' ? found.seat_minor / 12 : found.seat_minor) : 0, currency, locale)}</b>
        <span>
          {found ? t('billing.a_seat') : t('billing.for_ever')}
          <br />
          {found && interval === 'year'
            ? t('billing.billed_yearly', { price: price(found.seat_minor, currency, locale) })
            : found
              ? t('billing.billed_monthly')
              : ' '}
        </span>
      </p>
      <div className={css.planActions}>
        {tries && (
          <Button fullWidth loading={trial.isPending} onClick={() => trial.mutate()}>
            {t('billing.try', { count: offer.trial_days })}
          </Button>
        )}
        {may && what === 'buy' && (
          <Button fullWidth variant={tries ? 'default' : 'filled'} onClick={() => props.onChoose('buy', offer)}>
            {t('billing.buy', { plan })}
          </Button>
        )}
        {may && (what === 'change' || what === 'rhythm') && (
          <Button fullWidth variant="light" onClick={() => props.onChoose('change', offer)}>
            {what === 'change' ? t('billing.move', { plan }) : t(`billing.pay_${interval}`)}
          </Button>
        )}
        {what === 'current' && <span className={css.have}>{t('billing.have')}</span>}
        {what === 'settle' && <span className={css.have}>{t('billing.settle_first')}</span>}
      </div>
      <ul className={css.features}>
        {features(t, offer, currency, interval, locale).map((feature) => (
          <li key={feature}>
            <IconCheck size={15} stroke={2.2} aria-hidden />
            {feature}
          </li>
        ))}
      </ul>
    </li>
  )
}

function features(t: TFunction, offer: Offer, currency: Currency, interval: Interval, locale: string): string[] {
  const most = (what: 'agents' | 'inboxes') => {
    const limit = offer.limits[what]
    return limit === null
      ? t(`billing.feature.${what}_free`)
      : t(`billing.feature.${what}`, { count: limit, amount: wholeNumber(limit, locale) })
  }
  const metered = offer.metered.map(({ meter, included_per_month, beyond }) => {
    if (included_per_month === null) return t('billing.feature.unlimited', { meter: t(`meter.${meter}`) })
    const included = t(`billing.feature.${meter}`, { amount: amount(meter, included_per_month, locale) })
    const each = firstPrice(tiersOf(priceOf(offer, currency, interval), meter))
    return beyond === 'charge' && each !== null
      ? t('billing.feature.then', { included, price: unitPrice(each, currency, locale) })
      : included
  })
  return [most('agents'), most('inboxes'), ...metered]
}
