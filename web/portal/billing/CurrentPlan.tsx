// What the company has now, in a few facts, and the changes that are made most.
import { Anchor, Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { Billing, Offer } from 'client/types'
import { date } from 'ui/time'
import { useInvoicePreview } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { Tag } from '../shell/Tag'
import { wholeNumber } from '../usage/amounts'
import css from './Billing.module.css'
import { money } from './money'
import { priceOf } from './offers'
import { ProviderButton } from './PayButton'
import { TONE } from './standing'
import { useChange } from './useBilling'

export function CurrentPlan(props: {
  billing: Billing
  offer: Offer | undefined
  may: boolean
  onSeats: (() => void) | undefined
}) {
  const { t, i18n } = useTranslation()
  const { billing, offer, may } = props
  const { currency, interval, seats } = billing
  const locale = i18n.language
  const change = useChange()
  const [leaving, setLeaving] = useState(false)
  const subscribed = interval !== null && currency !== null
  const next = useInvoicePreview({ enabled: subscribed })
  const plan = t(`plan.${billing.plan}`, { defaultValue: offer?.name ?? billing.plan })
  const each = offer && subscribed ? priceOf(offer, currency, interval)?.seat_minor : undefined
  const known = next.data?.preview
  const ends = billing.period_to && date(billing.period_to, locale)

  return (
    <section className={css.current} aria-label={t('billing.current')}>
      <div className={css.currentHead}>
        <h2>{plan}</h2>
        <Tag tone={TONE[billing.state]}>{t(`billing.state.${billing.state}`)}</Tag>
      </div>
      <dl className={css.facts}>
        <div>
          <dt>{t('billing.fact.price')}</dt>
          <dd>
            {each !== undefined && currency && interval
              ? t(`billing.per_${interval}`, { price: money(each * (seats.total ?? 0), currency, locale) })
              : t('billing.fact.nothing')}
          </dd>
        </div>
        <div>
          <dt>{t('billing.fact.seats')}</dt>
          <dd>
            {seats.total === null
              ? t('billing.fact.seats_free', { taken: wholeNumber(seats.taken, locale) })
              : t('billing.fact.seats_of', {
                  taken: wholeNumber(seats.taken, locale),
                  total: wholeNumber(seats.total, locale),
                })}
          </dd>
        </div>
        {subscribed && (
          <>
            <div>
              <dt>{t(billing.cancels_at_end ? 'billing.fact.ends' : 'billing.fact.renews')}</dt>
              <dd>{ends}</dd>
            </div>
            <div>
              <dt>{t(billing.cancels_at_end ? 'billing.fact.last_invoice' : 'billing.fact.next_invoice')}</dt>
              <dd>
                {known ? (
                  <Anchor component={Link} href="/invoices" inherit>
                    {money(known.total_minor, known.currency, locale)}
                  </Anchor>
                ) : (
                  '–'
                )}
              </dd>
            </div>
          </>
        )}
      </dl>
      {may && subscribed && (
        <div className={css.currentActions}>
          {billing.state !== 'restricted' && props.onSeats && (
            <Button size="xs" variant="default" onClick={props.onSeats}>
              {t('billing.change_seats')}
            </Button>
          )}
          {billing.provider !== 'local' && <ProviderButton label={t('billing.payment_details')} />}
          {!billing.cancels_at_end && (
            <Button size="xs" variant="subtle" color="gray" onClick={() => setLeaving(true)}>
              {t('billing.cancel')}
            </Button>
          )}
        </div>
      )}
      <Confirm
        opened={leaving}
        onClose={() => setLeaving(false)}
        title={t('billing.leaving.title', { plan })}
        text={
          <>
            {t('billing.leaving.text', { plan, date: ends })}
            <ul className={css.leaving}>
              <li>{t('billing.leaving.until')}</li>
              <li>{t('billing.leaving.then')}</li>
              <li>{t('billing.leaving.back')}</li>
            </ul>
          </>
        }
        action={t('billing.cancel')}
        danger
        onConfirm={() =>
          change({
            method: 'PUT',
            path: 'cancellation',
            body: { at_period_end: true },
            done: t('billing.done.cancelled', { date: ends }),
          })
        }
      />
    </section>
  )
}
