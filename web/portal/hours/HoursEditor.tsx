// One calendar: its time zone, an ordinary week, the days that are different, and what that makes of the coming two weeks.
import { Select, TextInput } from '@mantine/core'
import { IconClockHour9 } from '@tabler/icons-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { BusinessHours, Calendar } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useHours, useRefresh } from '../data/api'
import { EditorForm } from '../setup/EditorForm'
import { RemoveCard } from '../setup/RemoveCard'
import setup from '../setup/Setup.module.css'
import { useEditor } from '../setup/useEditor'
import { Card, Page, PageSkeleton } from '../shell/Page'
import { EMPTY_WEEK, isWhole } from './calendar'
import { Preview } from './Preview'
import { SpecialDays } from './SpecialDays'
import { Week } from './Week'

interface Draft {
  name: string
  calendar: Calendar
}

function draftOf({ name, calendar }: BusinessHours): Draft {
  return { name, calendar: { ...calendar, weekly: { ...EMPTY_WEEK, ...calendar.weekly } } }
}

export function HoursEditor({ id }: { id: string }) {
  const { t } = useTranslation()
  const hours = useHours()
  const found = hours.data?.find((each) => each.id === id)
  if (found) return <Loaded key={id} hours={found} />
  if (hours.isPending) return <PageSkeleton />
  return (
    <Page title={t('nav.hours')} back={{ href: '/hours', label: t('nav.hours') }}>
      {hours.isError ? (
        <ProblemState problem={hours.error} onRetry={() => void hours.refetch()} />
      ) : (
        <EmptyState icon={<IconClockHour9 />} title={t('setup.gone')} />
      )}
    </Page>
  )
}

function Loaded({ hours }: { hours: BusinessHours }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const path = `/v1/business-hours/${encodeURIComponent(hours.id)}`
  const editor = useEditor(draftOf(hours), async (draft) => {
    const saved = await http.put<BusinessHours>(path, draft)
    await refresh('hours', 'audit')
    return draftOf(saved)
  })
  const { draft, set, errors } = editor
  const { calendar } = draft
  const change = (part: Partial<Calendar>) => set({ calendar: { ...calendar, ...part } })
  const zones = useMemo(() => zonesWith(calendar.time_zone), [calendar.time_zone])

  return (
    <Page wide title={hours.name} back={{ href: '/hours', label: t('nav.hours') }}>
      <div className={setup.columns}>
        <div>
          <EditorForm editor={editor} warnings={hours.warnings} incomplete={!draft.name.trim() || !isWhole(calendar)}>
            <Card>
              <div className={setup.pair}>
                <TextInput
                  label={t('setup.name')}
                  maxLength={80}
                  value={draft.name}
                  error={errors['name'] ?? (draft.name.trim() ? undefined : t('problem.name_invalid'))}
                  onChange={(event) => set({ name: event.currentTarget.value })}
                />
                <Select
                  label={t('hours.zone')}
                  searchable
                  allowDeselect={false}
                  limit={80}
                  value={calendar.time_zone}
                  error={errors['calendar.time_zone']}
                  onChange={(zone) => zone && change({ time_zone: zone })}
                  data={zones}
                  nothingFoundMessage={t('hours.no_zone')}
                />
              </div>
            </Card>
            <Card title={t('hours.week')} text={t('hours.week_text')}>
              <Week weekly={calendar.weekly} errors={errors} onChange={(weekly) => change({ weekly })} />
            </Card>
            <Card title={t('hours.special')} text={t('hours.special_text')}>
              <SpecialDays
                days={calendar.special}
                zone={calendar.time_zone}
                errors={errors}
                onChange={(special) => change({ special })}
              />
            </Card>
          </EditorForm>
          <RemoveCard
            path={path}
            name={hours.name}
            text={t('hours.remove_text')}
            back="/hours"
            refresh={['hours', 'teams', 'brands', 'inboxes']}
          />
        </div>
        <Preview calendar={calendar} />
      </div>
    </Page>
  )
}

/** The zones that this browser knows, with the one that is set: a browser may be older than the server. */
function zonesWith(zone: string): string[] {
  const known = Intl.supportedValuesOf('timeZone')
  return [...new Set([...known, 'UTC', zone])].sort()
}
