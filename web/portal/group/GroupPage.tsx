// A group of companies: how each is doing, and who manages them. Figures only; what is said there stays there.
import { Button, Select } from '@mantine/core'
import { IconBuildings, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { GroupOverview, Organisation, OrganisationView } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useGroup, useGroupOverview, useGroups, useRefresh } from '../data/api'
import { CreateDialog } from '../setup/CreateDialog'
import { Card, Page, PageSkeleton, RowsSkeleton, Stack } from '../shell/Page'
import { Admins } from './Admins'
import { Companies } from './Companies'
import css from './Group.module.css'
import { Moves } from './Moves'

export function GroupPage() {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const groups = useGroups()
  const { agent, account } = useMe()
  const [chosen, setChosen] = useState<string | null>(null)
  const [creating, setCreating] = useState(false)
  if (groups.isPending) return <PageSkeleton />
  const current = groups.data?.find((group) => group.id === chosen) ?? groups.data?.[0]

  return (
    <Page
      wide
      title={current?.name ?? t('nav.group')}
      text={t('group.text')}
      actions={
        groups.data && groups.data.length > 1 ? (
          <Select
            aria-label={t('group.switch')}
            allowDeselect={false}
            value={current?.id ?? null}
            onChange={setChosen}
            data={groups.data.map((group) => ({ value: group.id, label: group.name }))}
          />
        ) : undefined
      }
    >
      {groups.isError && <ProblemState problem={groups.error} onRetry={() => void groups.refetch()} />}
      {groups.data?.length === 0 && (
        <Card>
          <EmptyState
            icon={<IconBuildings />}
            title={t('group.empty')}
            text={t(agent.role === 'owner' ? 'group.empty_text' : 'group.empty_other')}
            action={
              agent.role === 'owner' && !account.organisation_id ? (
                <Button leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
                  {t('group.create')}
                </Button>
              ) : undefined
            }
          />
        </Card>
      )}
      {current && <Managed key={current.id} id={current.id} />}
      <CreateDialog
        opened={creating}
        onClose={() => setCreating(false)}
        title={t('group.create')}
        example={t('group.example')}
        longest={80}
        onSave={async (name) => {
          await http.post<Organisation>('/v1/organisations', { name })
          await refresh('groups', 'account-group', 'audit')
        }}
      />
    </Page>
  )
}

function Managed({ id }: { id: string }) {
  const group = useGroup(id)
  const overview = useGroupOverview(id)
  if (group.isError) return <ProblemState problem={group.error} onRetry={() => void group.refetch()} />
  if (!group.data) return <RowsSkeleton rows={4} />
  return (
    <Stack>
      {overview.isError && <ProblemState compact problem={overview.error} onRetry={() => void overview.refetch()} />}
      {overview.data && <Figures overview={overview.data} />}
      <Companies group={group.data} overview={overview.data} />
      <Moves group={group.data} />
      <Admins group={group.data} />
    </Stack>
  )
}

export type Group = OrganisationView

function Figures({ overview }: { overview: GroupOverview }) {
  const { t, i18n } = useTranslation()
  const number = (value: number) => new Intl.NumberFormat(i18n.language).format(value)
  const { total } = overview
  const figures = [
    ['conversations', number(total.conversations)],
    ['waiting', number(total.waiting)],
    ['agents_online', t('group.of', { count: total.agents_online, all: total.agents })],
    ['rating', total.rating_average === null ? '–' : total.rating_average.toFixed(1)],
  ] as const
  return (
    <dl className={css.figures}>
      {figures.map(([name, value]) => (
        <div key={name} className={css.figure} data-alert={(name === 'waiting' && total.waiting > 0) || undefined}>
          <dt>{t(`group.figure.${name}`)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
