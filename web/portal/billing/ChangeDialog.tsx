// Changing plan, seats or rhythm, with what it costs now in sight before anything is changed.
import { Button, Group, SegmentedControl, Skeleton, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiProblem } from 'client/http'
import type { Billing, ChangePreview, Interval, Offer } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { date } from 'ui/time'
import { isDeclined, useProof } from '../security/useProof'
import { Dialog } from '../shell/Dialog'
import { Lines } from './Lines'
import { money } from './money'
import { seatBounds } from './offers'
import css from './Order.module.css'
import { SeatsField } from './SeatsField'
import { useChange } from './useBilling'

export function ChangeDialog(props: { billing: Billing; offer: Offer; interval: Interval; onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const { billing, offer } = props
  const account = useMe().account.id
  const change = useChange()
  const bounds = seatBounds(billing, offer)
  const [seats, setSeats] = useState(bounds.start)
  const [interval, setInterval] = useState(props.interval)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const proof = useProof()
  const plan = t(`plan.${offer.id}`, { defaultValue: offer.name })
  const onlySeats = offer.id === billing.plan && interval === billing.interval
  const same = onlySeats && seats === billing.seats.total
  const valid = seats >= bounds.least && seats <= bounds.most
  const order = { plan: offer.id, interval, seats }
  const [asked] = useDebouncedValue(order, 250)
  const settled = asked.seats === seats && asked.interval === interval
  const preview = useQuery({
    queryKey: [account, 'plan-preview', asked],
    queryFn: ({ signal }) => http.post<ChangePreview>('/v1/billing/plan/preview', asked, { signal }),
    enabled: !same && valid && settled,
    placeholderData: keepPreviousData,
    // What it costs depends on the second.
    staleTime: 0,
    gcTime: 0,
  })
  const known = settled && preview.data && !preview.isPlaceholderData
  // Trying again would not help before the period is over.
  const changedAlready = preview.error instanceof ApiProblem && preview.error.code === 'changed_this_period'

  async function confirm(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      await proof.run(() =>
        change(
          onlySeats
            ? { method: 'PUT', path: 'seats', body: { seats }, done: t('billing.done.seats', { count: seats }) }
            : { method: 'PUT', path: 'plan', body: order, done: t('billing.done.plan', { plan }) },
        ),
      )
      props.onClose()
    } catch (failure) {
      if (!isDeclined(failure)) setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <Dialog
      opened
      onClose={props.onClose}
      // Escape answers the question on top of this, and closes no more than that.
      closeOnEscape={!busy}
      size={520}
      title={t(offer.id === billing.plan ? 'billing.order.change' : 'billing.order.move', { plan })}
    >
      {proof.dialog}
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          void confirm()
        }}
      >
        <SeatsField {...bounds} taken={billing.seats.taken} value={seats} onChange={setSeats} />
        <SegmentedControl
          aria-label={t('billing.order.interval')}
          value={interval}
          onChange={(value) => setInterval(value as Interval)}
          data={[
            { value: 'month', label: t('billing.month') },
            { value: 'year', label: t('billing.year') },
          ]}
        />
        <section className={css.preview} aria-label={t('billing.order.preview')} aria-busy={preview.isFetching}>
          {same ? (
            <p className={css.quiet}>{t('billing.order.same')}</p>
          ) : preview.isError ? (
            changedAlready ? (
              <>
                <ProblemAlert problem={preview.error} />
                {billing.period_to && (
                  <Text size="sm" c="dimmed" mt="xs">
                    {t('billing.order.less_from', { date: date(billing.period_to, i18n.language) })}
                  </Text>
                )}
              </>
            ) : (
              <ProblemAlert problem={preview.error} onRetry={() => void preview.refetch()} />
            )
          ) : preview.data ? (
            <div className={css.fading} data-old={!known || undefined}>
              <Preview preview={preview.data} moves={!onlySeats && billing.state !== 'trialing'} />
            </div>
          ) : (
            <>
              <Skeleton height={14} width="60%" my={6} />
              <Skeleton height={12} width="40%" mb={26} />
              <Skeleton height={14} width="56%" mb={6} />
              <Skeleton height={12} width="42%" mb={26} />
              <Skeleton height={18} />
            </>
          )}
        </section>
        <ProblemAlert problem={problem} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={props.onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={same || !valid || !known}>
            {known && preview.data.due_now_minor > 0
              ? t('billing.order.confirm_pay', {
                  amount: money(preview.data.due_now_minor, preview.data.currency, i18n.language),
                })
              : t('billing.order.confirm')}
          </Button>
        </Group>
      </form>
    </Dialog>
  )
}

/** Whether it moves to other prices of usage: what was used so far is charged at once. */
function Preview({ preview, moves }: { preview: ChangePreview; moves: boolean }) {
  const { t, i18n } = useTranslation()
  const { currency, due_now_minor, credit_minor } = preview
  const locale = i18n.language
  const sums = [{ label: t('billing.order.due_now'), minor: due_now_minor, total: true }]
  return (
    <>
      <Lines label={t('billing.order.preview')} lines={preview.lines} currency={currency} sums={sums} />
      <Text size="sm" c="dimmed" mt="xs" aria-live="polite">
        {credit_minor > 0 && `${t('billing.order.credit', { amount: money(credit_minor, currency, locale) })} `}
        {due_now_minor > 0 && (
          <span className="fd-sr">{t('billing.order.due', { amount: money(due_now_minor, currency, locale) })}</span>
        )}
        {t('billing.order.next', { date: date(preview.next_invoice_at, locale) })}
        {moves && preview.provider !== 'local' && ` ${t('billing.order.used_so_far')}`}
        {preview.provider === 'local' && ` ${t('billing.order.nobody_charged')}`}
      </Text>
    </>
  )
}
