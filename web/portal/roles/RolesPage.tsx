// The roles of the company: who holds them, and side by side what each may do and see.
import { Box } from '@mantine/core'
import { IconCheck, IconShieldHalf } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { Permission, RoleView } from 'client/types'
import { ProblemState } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useRefresh, useRoles } from '../data/api'
import { groupScopes } from '../keys/scopes'
import { CreateDialog } from '../setup/CreateDialog'
import setup from '../setup/Setup.module.css'
import { CreateButton, SetupRow } from '../setup/SetupList'
import { Card, Page, RowsSkeleton, Stack } from '../shell/Page'
import { Tag } from '../shell/Tag'
import css from './Roles.module.css'
import { nameOf } from './roles'

/** What a new role begins with: enough to answer customers. */
const BEGIN: Permission[] = [
  'conversations.read',
  'conversations.reply',
  'contacts.read',
  'agents.read',
  'inboxes.read',
]

export function RolesPage() {
  const { t } = useTranslation()
  const [, navigate] = useLocation()
  const refresh = useRefresh()
  const { permissions, agent } = useMe()
  const roles = useRoles()
  const [creating, setCreating] = useState(false)

  async function create(name: string): Promise<void> {
    const visibility = agent.visibility === 'own' ? 'own' : 'teams'
    const begin = BEGIN.filter((permission) => permissions.includes(permission))
    const made = await http.post<RoleView>('/v1/roles', { name, permissions: begin, visibility })
    await refresh('roles', 'audit')
    navigate(`/roles/${made.id}`)
  }

  return (
    <Page
      wide
      title={t('nav.roles')}
      text={t('roles.text')}
      actions={<CreateButton label={t('roles.create')} onClick={() => setCreating(true)} />}
    >
      {roles.isPending && <RowsSkeleton rows={5} />}
      {roles.isError && <ProblemState problem={roles.error} onRetry={() => void roles.refetch()} />}
      {roles.data && (
        <Stack>
          <Card flush title={t('roles.own')} text={t('roles.own_text')}>
            {roles.data.every((role) => role.built_in) && <p className={css.none}>{t('roles.none')}</p>}
            <ul className={setup.list}>
              {roles.data
                .filter((role) => !role.built_in)
                .map((role) => (
                  <SetupRow
                    key={role.id}
                    href={`/roles/${role.id}`}
                    icon={<IconShieldHalf size={20} stroke={1.7} />}
                    name={role.name}
                    text={[t('roles.holders', { count: role.members }), role.description].filter(Boolean).join(' · ')}
                    aside={<Tag>{t(`roles.sees.${role.visibility}`)}</Tag>}
                  />
                ))}
            </ul>
          </Card>
          <Card flush title={t('roles.matrix')} text={t('roles.matrix_text')}>
            <Matrix roles={roles.data} />
          </Card>
        </Stack>
      )}
      <CreateDialog
        opened={creating}
        onClose={() => setCreating(false)}
        title={t('roles.create')}
        example={t('roles.example')}
        longest={80}
        onSave={create}
      />
    </Page>
  )
}

function Matrix({ roles }: { roles: RoleView[] }) {
  const { t } = useTranslation()
  const all = roles.find((role) => role.id === 'owner')?.permissions ?? []
  return (
    // Scrolls by itself, also by keyboard: many roles are wider than any page.
    <Box component="section" className={css.scroll ?? ''} tabIndex={0} aria-label={t('roles.matrix')}>
      <table className={css.matrix}>
        <thead>
          <tr>
            <td />
            {roles.map((role) => (
              <th key={role.id} scope="col">
                <span>{nameOf(t, role)}</span>
                <small>{t('roles.holders', { count: role.members })}</small>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{t('roles.visibility')}</th>
            {roles.map((role) => (
              <td key={role.id} className={css.sees}>
                {t(`roles.sees.${role.visibility}`)}
              </td>
            ))}
          </tr>
        </tbody>
        {groupScopes(all).map(({ noun, scopes }) => (
          <tbody key={noun}>
            <tr className={css.group}>
              <th colSpan={roles.length + 1} scope="rowgroup">
                {t(`roles.noun.${noun}`, { defaultValue: noun })}
              </th>
            </tr>
            {scopes.map((scope) => (
              <tr key={scope}>
                <th scope="row">{t(`scope.${scope}`, { defaultValue: scope })}</th>
                {roles.map((role) => (
                  <td key={role.id}>
                    {role.permissions.includes(scope as Permission) ? (
                      <IconCheck size={17} className={css.yes} aria-label={t('common.yes')} role="img" />
                    ) : (
                      <span className={css.no} aria-label={t('common.no')} role="img">
                        ·
                      </span>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </Box>
  )
}
