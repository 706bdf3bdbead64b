// Business hours: each under a name, for inboxes, brands and teams to share.
import { IconClockHour9 } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { BusinessHours } from 'client/types'
import { useNow } from 'ui/RelativeTime'
import { http } from 'ui/session'
import { useHours, useRefresh } from '../data/api'
import { CreateDialog } from '../setup/CreateDialog'
import { CreateButton, SetupList, SetupRow } from '../setup/SetupList'
import { WarningCount } from '../setup/Warnings'
import { Card, Page } from '../shell/Page'
import { clockOf, ordinary, plan, todayIn } from './calendar'

export function HoursPage() {
  const { t } = useTranslation()
  const [, navigate] = useLocation()
  const refresh = useRefresh()
  const hours = useHours()
  const now = useNow()
  const [creating, setCreating] = useState(false)

  async function create(name: string): Promise<void> {
    const calendar = ordinary(Intl.DateTimeFormat().resolvedOptions().timeZone)
    const made = await http.post<BusinessHours>('/v1/business-hours', { name, calendar })
    await refresh('hours', 'audit')
    navigate(`/hours/${made.id}`)
  }

  function todayOf({ calendar }: BusinessHours): string {
    const spans = plan(calendar, todayIn(calendar.time_zone, now), 1)[0]?.spans ?? []
    if (spans.length === 0) return t('hours.closed_today')
    return t('hours.open_today', { times: spans.map(([from, to]) => `${clockOf(from)}–${clockOf(to)}`).join(', ') })
  }

  return (
    <Page
      title={t('nav.hours')}
      text={t('hours.text')}
      actions={<CreateButton label={t('hours.create')} onClick={() => setCreating(true)} />}
    >
      <Card flush>
        <SetupList
          query={hours}
          onCreate={() => setCreating(true)}
          empty={{
            icon: <IconClockHour9 />,
            title: t('hours.empty'),
            text: t('hours.empty_text'),
            action: t('hours.create'),
          }}
          row={(each) => (
            <SetupRow
              key={each.id}
              href={`/hours/${each.id}`}
              icon={<IconClockHour9 size={20} stroke={1.7} />}
              name={each.name}
              text={`${each.calendar.time_zone} · ${todayOf(each)}`}
              aside={<WarningCount warnings={each.warnings} />}
            />
          )}
        />
      </Card>
      <CreateDialog
        opened={creating}
        onClose={() => setCreating(false)}
        title={t('hours.create')}
        example={t('hours.example')}
        longest={80}
        onSave={create}
      />
    </Page>
  )
}
