// What visitors were told about their wait, held against what it was.
import { SegmentedControl, Skeleton } from '@mantine/core'
import { IconTargetArrow } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { WaitEstimates } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { useTeams, useWaitEstimates } from '../data/api'
import { percent } from '../ratings/shares'
import { Card, Page, Stack } from '../shell/Page'
import { wholeNumber } from '../usage/amounts'
import css from './Estimates.module.css'
import { Scatter } from './Scatter'

const PERIODS = [7, 30, 90] as const
/** With fewer waits than this, shares of them say little. */
const ENOUGH = 20

export function EstimatesPage() {
  const { t } = useTranslation()
  const [days, setDays] = useState<number>(30)
  const report = useWaitEstimates(days)
  return (
    <Page
      title={t('nav.estimates')}
      text={t('estimates.text')}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t('estimates.period')}
          value={String(days)}
          onChange={(value) => setDays(Number(value))}
          data={PERIODS.map((count) => ({ value: String(count), label: t('estimates.days', { count }) }))}
        />
      }
    >
      {report.isPending && (
        <div role="status" aria-label={t('common.loading')}>
          <Skeleton height={120} radius={14} mb={18} />
          <Skeleton height={360} radius={14} />
        </div>
      )}
      {report.isError && (
        <Card>
          <ProblemState problem={report.error} onRetry={() => void report.refetch()} />
        </Card>
      )}
      {report.data &&
        (report.data.waits === 0 ? (
          <Card>
            <EmptyState icon={<IconTargetArrow />} title={t('estimates.empty')} text={t('estimates.empty_text')} />
          </Card>
        ) : (
          <Loaded report={report.data} />
        ))}
    </Page>
  )
}

function Loaded({ report }: { report: WaitEstimates }) {
  const { t, i18n } = useTranslation()
  const teams = useTeams()
  const share = (value: number | null) => (value === null ? '–' : percent(value, i18n.language))
  return (
    <Stack>
      <dl className={css.figures}>
        <Figure
          label={t('estimates.waits')}
          value={wholeNumber(report.waits, i18n.language)}
          text={t('estimates.waits_text')}
        />
        <Figure label={t('estimates.error')} value={share(report.median_abs_error)} text={t('estimates.error_text')} />
        <Figure label={t('estimates.cover')} value={share(report.cover_p80)} text={t('estimates.cover_text')} />
      </dl>
      {report.waits < ENOUGH && <p className={css.few}>{t('estimates.few', { count: report.waits })}</p>}
      <Card title={t('estimates.chart')} text={t('estimates.chart_text')}>
        <Scatter points={report.points} />
      </Card>
      {report.by_team.length > 0 && (
        <Card flush title={t('estimates.by_team')}>
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">{t('estimates.team')}</th>
                <th scope="col">{t('estimates.waits')}</th>
                <th scope="col">{t('estimates.error')}</th>
                <th scope="col">{t('estimates.cover')}</th>
              </tr>
            </thead>
            <tbody>
              {report.by_team.map((row) => (
                <tr key={row.team_id ?? ''}>
                  <th scope="row">
                    {row.team_id === null
                      ? t('estimates.no_team')
                      : (teams.data?.find((team) => team.id === row.team_id)?.name ?? '…')}
                  </th>
                  <td>{wholeNumber(row.waits, i18n.language)}</td>
                  <td>{share(row.median_abs_error)}</td>
                  <td>{share(row.cover_p80)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Card>
      )}
    </Stack>
  )
}

function Figure({ label, value, text }: { label: string; value: string; text: string }) {
  return (
    <div className={css.figure}>
      <dt>{label}</dt>
      <dd>{value}</dd>
      <dd className={css.note}>{text}</dd>
    </div>
  )
}
