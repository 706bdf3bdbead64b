// Buying a plan: for how many, how often, in which currency; the rest is the payment provider's page.
import { Button, Group, NativeSelect, SegmentedControl, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Billing, Catalogue, Currency, Interval, Offer } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { date } from 'ui/time'
import { isDeclined, useProof } from '../security/useProof'
import { Dialog } from '../shell/Dialog'
import { money, price } from './money'
import { priceOf, seatBounds } from './offers'
import css from './Order.module.css'
import { SeatsField } from './SeatsField'
import { goTo } from './useBilling'

/** A trial that ends sooner is not carried over to the payment provider. */
const SOONEST_MS = 49 * 3_600_000

export function BuyDialog(props: {
  billing: Billing
  catalogue: Catalogue
  offer: Offer
  start: { interval: Interval; currency: Currency }
  onClose: () => void
}) {
  const { t, i18n } = useTranslation()
  const { billing, catalogue, offer } = props
  const locale = i18n.language
  const bounds = seatBounds(billing, offer)
  const [seats, setSeats] = useState(bounds.start)
  const [interval, setInterval] = useState(props.start.interval)
  const [currency, setCurrency] = useState(props.start.currency)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const proof = useProof()
  const each = priceOf(offer, currency, interval)?.seat_minor ?? 0
  const plan = t(`plan.${offer.id}`, { defaultValue: offer.name })
  // The provider begins to charge when the trial is over, unless that is too near for it: then at once.
  const elsewhere = catalogue.provider !== 'local'
  const ends = elsewhere && billing.state === 'trialing' ? billing.trial.ends_at : null
  const trial = ends && Date.parse(ends) - Date.now() > SOONEST_MS ? ends : null

  async function buy(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      await proof.run(() => goTo('checkout', { plan: offer.id, interval, currency, seats }))
    } catch (failure) {
      if (!isDeclined(failure)) setProblem(failure)
      setBusy(false)
    }
  }

  return (
    // Escape answers the question on top of this, and closes no more than that.
    <Dialog opened onClose={props.onClose} closeOnEscape={!busy} title={t('billing.order.buy', { plan })} size={460}>
      {proof.dialog}
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          void buy()
        }}
      >
        <SeatsField {...bounds} taken={billing.seats.taken} value={seats} onChange={setSeats} />
        <div className={css.pair}>
          <SegmentedControl
            aria-label={t('billing.order.interval')}
            value={interval}
            onChange={(value) => setInterval(value as Interval)}
            data={[
              { value: 'month', label: t('billing.month') },
              { value: 'year', label: t('billing.year') },
            ]}
          />
          <NativeSelect
            aria-label={t('billing.order.currency')}
            value={currency}
            onChange={(event) => setCurrency(event.currentTarget.value as Currency)}
            data={catalogue.currencies.map((value) => ({ value, label: value.toUpperCase() }))}
          />
        </div>
        <div className={css.sum} aria-live="polite">
          <span>{t(`billing.order.times_${interval}`, { count: seats, price: price(each, currency, locale) })}</span>
          <b>{money(seats * each, currency, locale)}</b>
        </div>
        <Text size="sm" c="dimmed">
          {t(`billing.order.usage_${interval}`)}{' '}
          {elsewhere ? t('billing.order.tax') : t('billing.order.nobody_charged')}
          {trial && ` ${t('billing.order.after_trial', { date: date(trial, locale) })}`}
        </Text>
        <ProblemAlert problem={problem} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={props.onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={seats < bounds.least || seats > bounds.most}>
            {t(elsewhere ? 'billing.order.pay' : 'billing.order.take')}
          </Button>
        </Group>
      </form>
    </Dialog>
  )
}
