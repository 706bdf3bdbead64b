// Teams and brands: who answers together, and which inboxes and teams are one house.
import { ActionIcon, Button, Menu } from '@mantine/core'
import { IconBuildingStore, IconDots, IconPencil, IconPlus, IconTrash, IconUsersGroup } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { Brand, Team } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useBrands, useHours, useInboxes, useRefresh, useTeams } from '../data/api'
import { CreateDialog } from '../setup/CreateDialog'
import setup from '../setup/Setup.module.css'
import { CreateButton, SetupList, SetupRow } from '../setup/SetupList'
import { WarningCount } from '../setup/Warnings'
import { Confirm } from '../shell/Confirm'
import { Card, Page, RowsSkeleton, Stack } from '../shell/Page'
import { Tag } from '../shell/Tag'
import { BrandDialog } from './BrandDialog'

export function TeamsPage() {
  const { t } = useTranslation()
  const [, navigate] = useLocation()
  const refresh = useRefresh()
  const teams = useTeams()
  const brands = useBrands()
  const [creating, setCreating] = useState(false)

  async function create(name: string): Promise<void> {
    const position = Math.max(-1, ...(teams.data ?? []).map((team) => team.position)) + 1
    const team = await http.post<Team>('/v1/teams', { name, position })
    await refresh('teams', 'audit')
    navigate(`/teams/${team.id}`)
  }

  return (
    <Page
      title={t('nav.teams')}
      text={t('teams.text')}
      actions={<CreateButton label={t('teams.create')} onClick={() => setCreating(true)} />}
    >
      <Stack>
        <Card flush>
          <SetupList
            query={teams}
            onCreate={() => setCreating(true)}
            empty={{
              icon: <IconUsersGroup />,
              title: t('teams.empty'),
              text: t('teams.empty_text'),
              action: t('teams.create'),
            }}
            row={(team) => (
              <SetupRow
                key={team.id}
                href={`/teams/${team.id}`}
                icon={<IconUsersGroup size={20} stroke={1.7} />}
                name={team.name}
                text={[
                  t('teams.members', { count: team.agent_ids.length }),
                  brands.data?.find((brand) => brand.id === team.brand_id)?.name,
                  team.description,
                ]
                  .filter(Boolean)
                  .join(' · ')}
                aside={
                  <>
                    <WarningCount warnings={team.warnings} />
                    {team.public && <Tag tone="accent">{t('teams.is_public')}</Tag>}
                  </>
                }
              />
            )}
          />
        </Card>
        <Brands brands={brands} />
      </Stack>
      <CreateDialog
        opened={creating}
        onClose={() => setCreating(false)}
        title={t('teams.create')}
        example={t('teams.example')}
        longest={80}
        onSave={create}
      />
    </Page>
  )
}

function Brands({ brands }: { brands: ReturnType<typeof useBrands> }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const teams = useTeams()
  const inboxes = useInboxes()
  const hours = useHours()
  const [editing, setEditing] = useState<Brand | 'new' | null>(null)
  const [removing, setRemoving] = useState<Brand | null>(null)
  return (
    <Card
      flush
      title={t('brands.title')}
      text={t('brands.text')}
      aside={
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={15} />}
          onClick={() => setEditing('new')}
          style={{ flexShrink: 0 }}
        >
          {t('brands.create')}
        </Button>
      }
    >
      {brands.isPending && <RowsSkeleton rows={2} />}
      {brands.isError && <ProblemState compact problem={brands.error} onRetry={() => void brands.refetch()} />}
      {brands.data?.length === 0 && <EmptyState compact title={t('brands.empty')} text={t('brands.empty_text')} />}
      <ul className={setup.list}>
        {brands.data?.map((brand) => (
          <li key={brand.id} className={setup.item}>
            <div className={setup.row}>
              <span className={setup.mark} aria-hidden>
                <IconBuildingStore size={20} stroke={1.7} />
              </span>
              <span className={setup.names}>
                <span className={`${setup.name} fd-truncate`}>{brand.name}</span>
                <span className={`${setup.text} fd-truncate`}>
                  {[
                    t('brands.teams', { count: teams.data?.filter((team) => team.brand_id === brand.id).length ?? 0 }),
                    t('brands.inboxes', {
                      count: inboxes.data?.filter((inbox) => inbox.brand_id === brand.id).length ?? 0,
                    }),
                    hours.data?.find((each) => each.id === brand.business_hours_id)?.name,
                  ]
                    .filter(Boolean)
                    .join(' · ')}
                </span>
              </span>
              <Menu position="bottom-end" width={180}>
                <Menu.Target>
                  <ActionIcon aria-label={t('setup.actions', { name: brand.name })}>
                    <IconDots size={18} />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => setEditing(brand)}>
                    {t('common.edit')}
                  </Menu.Item>
                  <Menu.Item leftSection={<IconTrash size={16} />} c="var(--mantine-color-error)" onClick={() => setRemoving(brand)}>
                    {t('common.remove')}
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            </div>
          </li>
        ))}
      </ul>
      <BrandDialog brand={editing} onClose={() => setEditing(null)} />
      <Confirm
        opened={removing !== null}
        onClose={() => setRemoving(null)}
        danger
        title={t('setup.remove_sure', { name: removing?.name ?? '' })}
        text={t('brands.remove_text')}
        action={t('common.remove')}
        onConfirm={async () => {
          await http.delete(`/v1/brands/${encodeURIComponent(removing?.id ?? '')}`)
          await refresh('brands', 'teams', 'inboxes', 'audit')
        }}
      />
    </Card>
  )
}
