// What was used in a month, against what the plan includes.
import { ActionIcon, Select, Skeleton } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ProblemState } from 'ui/ProblemAlert'
import { useMe } from 'ui/session'
import { usePlans, useUsage } from '../data/api'
import { Card, Page, Stack } from '../shell/Page'
import { MeterCard } from './MeterCard'
import { periodName, periodOf, periodsBack, shift } from './periods'
import { PlanTable } from './PlanTable'
import css from './Usage.module.css'

export function UsagePage() {
  const { t } = useTranslation()
  const { account } = useMe()
  const now = periodOf(new Date())
  const [period, setPeriod] = useState(now)
  const usage = useUsage(period, { every: period === now ? 30_000 : undefined })
  const plans = usePlans()
  const periods = periodsBack(periodOf(new Date(account.created_at)), now)
  const flowing = usage.data?.meters.filter((meter) => meter.meter === 'conversations' || meter.meter === 'messages')
  const standing = usage.data?.meters.filter((meter) => meter.meter === 'agents' || meter.meter === 'storage_bytes')

  return (
    <Page
      wide
      title={t('nav.usage')}
      text={t('usage.text', { plan: t(`plan.${account.plan}`, { defaultValue: account.plan }) })}
      actions={<PeriodPicker periods={periods} value={period} onChange={setPeriod} />}
    >
      <Stack>
        {usage.isPending && (
          <div className={css.meters} role="status" aria-label={t('common.loading')}>
            <Skeleton height={320} radius={14} />
            <Skeleton height={320} radius={14} />
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
              {flowing?.map((meter) => (
                <MeterCard key={meter.meter} meter={meter} />
              ))}
            </div>
            <div className={css.meters}>
              {standing?.map((meter) => (
                <MeterCard key={meter.meter} meter={meter} />
              ))}
            </div>
            <p className={css.note}>{t('usage.utc')}</p>
          </>
        )}
        <Card flush id="plans" title={t('usage.plans')} text={t('usage.plans_text')}>
          {plans.isPending && <Skeleton height={180} m={22} />}
          {plans.isError && <ProblemState compact problem={plans.error} onRetry={() => void plans.refetch()} />}
          {plans.data && <PlanTable plans={plans.data} current={account.plan} />}
        </Card>
      </Stack>
    </Page>
  )
}

function PeriodPicker(props: { periods: string[]; value: string; onChange: (period: string) => void }) {
  const { t, i18n } = useTranslation()
  const { periods, value, onChange } = props
  const earlier = shift(value, -1)
  const later = shift(value, 1)
  return (
    <div className={css.picker}>
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={t('usage.earlier')}
        disabled={!periods.includes(earlier)}
        onClick={() => onChange(earlier)}
      >
        <IconChevronLeft size={17} />
      </ActionIcon>
      <Select
        w={168}
        aria-label={t('usage.month')}
        allowDeselect={false}
        value={value}
        onChange={(next) => next && onChange(next)}
        data={periods.map((each) => ({ value: each, label: periodName(each, i18n.language) }))}
      />
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={t('usage.later')}
        disabled={!periods.includes(later)}
        onClick={() => onChange(later)}
      >
        <IconChevronRight size={17} />
      </ActionIcon>
    </div>
  )
}
