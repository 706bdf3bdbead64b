// One role: its name, which conversations its holders see, and what they may do.
import { Checkbox, Radio, Textarea, TextInput } from '@mantine/core'
import { IconShieldHalf } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Permission, RoleView, Visibility } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useRefresh, useRoles } from '../data/api'
import { groupScopes } from '../keys/scopes'
import { EditorForm } from '../setup/EditorForm'
import { RemoveCard } from '../setup/RemoveCard'
import setup from '../setup/Setup.module.css'
import { useEditor } from '../setup/useEditor'
import { Card, Page, PageSkeleton } from '../shell/Page'
import team from '../team/Team.module.css'
import css from './Roles.module.css'
import { fits, mayGive, VISIBILITIES, WIDE } from './roles'

interface Draft {
  name: string
  description: string
  visibility: Visibility
  permissions: Permission[]
}

function draftOf(role: RoleView): Draft {
  const { name, description, visibility } = role
  return { name, description, visibility, permissions: [...role.permissions].sort() }
}

export function RoleEditor({ id }: { id: string }) {
  const { t } = useTranslation()
  const roles = useRoles()
  const role = roles.data?.find((each) => each.id === id && !each.built_in)
  if (role) return <Loaded key={id} role={role} all={roles.data?.[0]?.permissions ?? []} />
  if (roles.isPending) return <PageSkeleton />
  return (
    <Page title={t('nav.roles')} back={{ href: '/roles', label: t('nav.roles') }}>
      {roles.isError ? (
        <ProblemState problem={roles.error} onRetry={() => void roles.refetch()} />
      ) : (
        <EmptyState icon={<IconShieldHalf />} title={t('setup.gone')} />
      )}
    </Page>
  )
}

function Loaded({ role, all }: { role: RoleView; all: Permission[] }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const me = useMe()
  const path = `/v1/roles/${encodeURIComponent(role.id)}`
  const editor = useEditor(draftOf(role), async (draft) => {
    const saved = await http.put<RoleView>(path, draft)
    await refresh('roles', 'agents', 'audit')
    return draftOf(saved)
  })
  const { draft, set, errors } = editor
  const mine = { permissions: me.permissions, visibility: me.agent.visibility }
  const may = (permission: Permission) => me.permissions.includes(permission)

  function toggle(permission: Permission, on: boolean): void {
    const permissions = on ? [...draft.permissions, permission] : draft.permissions.filter((one) => one !== permission)
    set({ permissions: permissions.sort() })
  }

  return (
    <Page
      title={role.name}
      text={t('roles.holders', { count: role.members })}
      back={{ href: '/roles', label: t('nav.roles') }}
    >
      <EditorForm
        editor={editor}
        incomplete={!draft.name.trim() || draft.permissions.length === 0 || !fits(draft.permissions, draft.visibility)}
      >
        <Card>
          <div className={setup.fields}>
            <TextInput
              label={t('setup.name')}
              maxLength={80}
              value={draft.name}
              error={errors['name'] ?? (draft.name.trim() ? undefined : t('problem.name_invalid'))}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            <Textarea
              label={t('roles.description')}
              description={t('roles.description_text')}
              autosize
              minRows={2}
              maxLength={300}
              value={draft.description}
              error={errors['description']}
              onChange={(event) => set({ description: event.currentTarget.value })}
            />
          </div>
        </Card>
        <Card>
          <Radio.Group
            label={<span className={css.legend}>{t('roles.visibility')}</span>}
            description={t('roles.visibility_text')}
            value={draft.visibility}
            onChange={(value) => set({ visibility: value as Visibility })}
          >
            <div className={team.roles}>
              {VISIBILITIES.map((each) => (
                <Radio.Card
                  key={each}
                  value={each}
                  className={team.roleCard ?? ''}
                  radius="md"
                  disabled={!mayGive({ id: '', permissions: [], visibility: each }, mine)}
                >
                  <Radio.Indicator size="xs" />
                  <span className={team.option}>
                    <strong>{t(`roles.sees.${each}`)}</strong>
                    <span>{t(`roles.sees_text.${each}`)}</span>
                  </span>
                </Radio.Card>
              ))}
            </div>
          </Radio.Group>
        </Card>
        <Card title={t('roles.rights')} text={t('roles.rights_text')}>
          {errors['permissions'] && <p className={css.fault}>{errors['permissions']}</p>}
          <div className={css.groups}>
            {groupScopes(all).map(({ noun, scopes }) => (
              <fieldset key={noun} className={css.rights}>
                <legend>{t(`roles.noun.${noun}`, { defaultValue: noun })}</legend>
                {(scopes as Permission[]).map((scope) => {
                  const narrow = draft.visibility !== 'all' && WIDE.includes(scope)
                  return (
                    <Checkbox
                      key={scope}
                      label={t(`scope.${scope}`, { defaultValue: scope })}
                      description={narrow ? t('roles.needs_all') : may(scope) ? undefined : t('roles.not_yours')}
                      checked={draft.permissions.includes(scope)}
                      disabled={(!may(scope) || narrow) && !draft.permissions.includes(scope)}
                      error={narrow && draft.permissions.includes(scope)}
                      onChange={(event) => toggle(scope, event.currentTarget.checked)}
                    />
                  )
                })}
              </fieldset>
            ))}
          </div>
        </Card>
      </EditorForm>
      <RemoveCard path={path} name={role.name} text={t('roles.remove_text')} back="/roles" refresh={['roles']} />
    </Page>
  )
}
