// What was used in a month or in the billing period, against what the plan includes, and whether it stops there.
import { ActionIcon, SegmentedControl, Select, Skeleton } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Billing, Catalogue, Meter } from 'client/types'
import { ProblemState } from 'ui/ProblemAlert'
import { useMe } from 'ui/session'
import { span } from '../billing/explain'
import { priceOf, tiersOf } from '../billing/offers'
import { Spending } from '../billing/Spending'
import { useBilling, useCatalogue, useUsage } from '../data/api'
import { Card, Page, Stack } from '../shell/Page'
import { MeterCard, type Charged, type View } from './MeterCard'
import { PaceCard } from './PaceCard'
import { periodName, periodOf, periodsBack, shift } from './periods'
import css from './Usage.module.css'

const FLOWING: Meter['meter'][] = ['conversations', 'messages', 'ai_resolutions']
/** The period that the subscription is in. */
const BILLING = 'billing'

export function UsagePage() {
  const { t, i18n } = useTranslation()
  const { account } = useMe()
  const now = periodOf(new Date())
  const billing = useBilling()
  const catalogue = useCatalogue()
  const subscribed = (billing.data?.interval ?? null) !== null
  const [chosen, setChosen] = useState<string | null>(null)
  const [view, setView] = useState<View>('running')
  // Who pays by periods of their own sees the one that will be invoiced.
  const period = chosen ?? (subscribed ? BILLING : now)
  const usage = useUsage(period, {
    every: period === now || period === BILLING ? 30_000 : undefined,
    enabled: chosen !== null || !billing.isPending,
  })
  const months = periodsBack(periodOf(new Date(account.created_at)), now)
  const meters = (flowing: boolean) =>
    usage.data?.meters.filter((meter) => FLOWING.includes(meter.meter) === flowing) ?? []
  const charged = (meter: Meter) =>
    period === BILLING && billing.data && catalogue.data ? chargedFor(billing.data, catalogue.data, meter) : null

  return (
    <Page
      wide
      title={t('nav.usage')}
      text={t('usage.text', { plan: t(`plan.${account.plan}`, { defaultValue: account.plan }) })}
      actions={<PeriodPicker months={months} billing={subscribed} value={period} onChange={setChosen} />}
    >
      <Stack>
        <SegmentedControl
          className={css.view ?? ''}
          aria-label={t('usage.view')}
          value={view}
          onChange={(value) => setView(value as View)}
          data={[
            { value: 'running', label: t('usage.running') },
            { value: 'daily', label: t('usage.daily') },
          ]}
        />
        {usage.isPending && (
          <div className={css.meters} role="status" aria-label={t('common.loading')}>
            {FLOWING.map((meter) => (
              <Skeleton key={meter} height={358} radius={14} />
            ))}
          </div>
        )}
        {usage.isError && (
          <Card>
            <ProblemState problem={usage.error} onRetry={() => void usage.refetch()} />
          </Card>
        )}
        {usage.data && (
          <>
            <div className={css.meters}>
              {meters(true).map((meter) => (
                <MeterCard key={meter.meter} meter={meter} to={usage.data.to} view={view} charged={charged(meter)} />
              ))}
              <div className={css.standing}>
                {meters(false).map((meter) => (
                  <MeterCard key={meter.meter} meter={meter} to={usage.data.to} view={view} charged={null} />
                ))}
              </div>
            </div>
            <p className={css.note}>
              {period === BILLING &&
                `${t('usage.period', { period: span(usage.data.from, usage.data.to, i18n.language) })} `}
              {t('usage.utc')}
            </p>
          </>
        )}
        <Spending />
        <PaceCard />
      </Stack>
    </Page>
  )
}

/** What the present subscription charges for a meter; null where it stops. */
function chargedFor(billing: Billing, catalogue: Catalogue, { meter, limit }: Meter): Charged | null {
  const offer = catalogue.plans.find((plan) => plan.id === billing.plan)
  if (!offer || limit !== null || billing.currency === null || billing.interval === null) return null
  const tiers = tiersOf(priceOf(offer, billing.currency, billing.interval), meter)
  return tiers.length > 0 ? { currency: billing.currency, tiers } : null
}

function PeriodPicker(props: {
  months: string[]
  billing: boolean
  value: string
  onChange: (period: string) => void
}) {
  const { t, i18n } = useTranslation()
  const { months, value, onChange } = props
  const all = props.billing ? [BILLING, ...months] : months
  const here = all.indexOf(value)
  const earlier = value === BILLING ? all[1] : shift(value, -1)
  const later = value === BILLING ? undefined : value === months[0] && props.billing ? BILLING : shift(value, 1)
  const step = (to: string | undefined) => to !== undefined && all.includes(to) && here >= 0
  return (
    <div className={css.picker}>
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={t('usage.earlier')}
        disabled={!step(earlier)}
        onClick={() => earlier && onChange(earlier)}
      >
        <IconChevronLeft size={17} />
      </ActionIcon>
      <Select
        w={186}
        aria-label={t('usage.month')}
        allowDeselect={false}
        value={value}
        onChange={(next) => next && onChange(next)}
        data={all.map((each) => ({
          value: each,
          label: each === BILLING ? t('usage.billing_period') : periodName(each, i18n.language),
        }))}
      />
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={t('usage.later')}
        disabled={!step(later)}
        onClick={() => later && onChange(later)}
      >
        <IconChevronRight size={17} />
      </ActionIcon>
    </div>
  )
}
