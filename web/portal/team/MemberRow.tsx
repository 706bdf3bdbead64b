// One colleague: role and capacity to change in place, and the switch that shuts or opens their way in.
import { ActionIcon, Menu, NumberInput, Select } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconCrown, IconDevices, IconDots, IconShieldOff, IconUserCheck, IconUserOff } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Agent } from 'client/types'
import { PersonAvatar } from 'ui/PersonAvatar'
import { notifyProblem } from 'ui/ProblemAlert'
import { roleName } from 'ui/role'
import { http, session, useMe } from 'ui/session'
import { useRefresh, useRoles } from '../data/api'
import { asked, mayGive, nameOf } from '../roles/roles'
import { Confirm } from '../shell/Confirm'
import { isLimit, LimitNotice } from '../shell/LimitNotice'
import { Tag } from '../shell/Tag'
import { MemberSessions } from './MemberSessions'
import css from './Team.module.css'

export function MemberRow({ agent, self }: { agent: Agent; self: boolean }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [dialog, setDialog] = useState<'off' | 'owner' | 'sessions' | 'factor' | null>(null)
  const close = () => setDialog(null)
  const [full, setFull] = useState(false)
  const [pending, setPending] = useState<{ role?: string; capacity?: number }>({})
  const me = useMe()
  const roles = useRoles()
  const mine = { permissions: me.permissions, visibility: me.agent.visibility }
  const choices = (roles.data ?? []).filter((role) => mayGive(role, mine))
  const held = agent.custom_role?.id ?? agent.role
  const off = agent.disabled_at !== null
  // The server guards the same: nobody demotes themselves, and the owner stays.
  const fixed = self || agent.role === 'owner' || (roles.isSuccess && !choices.some((role) => role.id === held))

  async function change(body: {
    role?: string
    custom_role_id?: string
    capacity?: number
    disabled?: boolean
  }): Promise<void> {
    await http.patch<Agent>(`/v1/agents/${encodeURIComponent(agent.id)}`, body)
    await refresh('agents', 'roles', 'audit')
  }

  /** Shown at once, taken back when the server says no. */
  function changeNow({ role, ...body }: { role?: string; capacity?: number }): void {
    setPending({ ...body, ...(role && { role }) })
    change({ ...body, ...(role && asked(role)) })
      .then(() =>
        notifications.show({ color: 'teal', message: t('team.changed', { name: agent.name }), autoClose: 2500 }),
      )
      .catch((problem: unknown) => notifyProblem(t, problem))
      .finally(() => setPending({}))
  }

  function switchOn(): void {
    setFull(false)
    change({ disabled: false }).catch((problem: unknown) => {
      if (isLimit(problem)) setFull(true)
      else notifyProblem(t, problem)
    })
  }

  const role = pending.role ?? held
  function about(id: string): string {
    const one = choices.find((each) => each.id === id)
    if (!one || one.built_in) return t(`team.can.${id}`)
    return one.description || t(`roles.sees_text.${one.visibility}`)
  }

  return (
    <li className={css.member} data-off={off || undefined}>
      <PersonAvatar name={agent.name} seed={agent.id} size={38} availability={off ? undefined : agent.availability} />
      <div className={css.who}>
        <div className={css.name}>
          <span className="fd-truncate">{agent.name}</span>
          {self && <Tag>{t('team.you')}</Tag>}
          {off && <Tag tone="danger">{t('team.off')}</Tag>}
        </div>
        <div className={`${css.email} fd-truncate`}>{agent.email}</div>
      </div>
      <div className={css.controls}>
        {fixed || off ? (
          <span className={css.role}>{roleName(t, agent)}</span>
        ) : (
          <Select
            size="xs"
            className={css.roleSelect ?? ''}
            aria-label={t('team.role_of', { name: agent.name })}
            allowDeselect={false}
            value={role}
            comboboxProps={{ width: 260, position: 'bottom-end' }}
            data={[
              {
                group: t('team.role_built_in'),
                items: choices
                  .filter((each) => each.built_in)
                  .map((each) => ({ value: each.id, label: nameOf(t, each) })),
              },
              {
                group: t('team.role_own'),
                items: choices.filter((each) => !each.built_in).map((each) => ({ value: each.id, label: each.name })),
              },
            ].filter((group) => group.items.length > 0)}
            renderOption={({ option }) => (
              <div className={css.option}>
                <strong>{option.label}</strong>
                <span>{about(option.value)}</span>
              </div>
            )}
            onChange={(value) => value && value !== held && changeNow({ role: value })}
          />
        )}
        {off ? (
          <span className={css.load} />
        ) : (
          <Capacity
            agent={agent}
            value={pending.capacity ?? agent.capacity}
            onChange={(capacity) => changeNow({ capacity })}
          />
        )}
      </div>
      <div className={css.menu}>
        {!fixed && (
          <Menu position="bottom-end" width={240}>
            <Menu.Target>
              <ActionIcon aria-label={t('team.actions', { name: agent.name })}>
                <IconDots size={18} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {off ? (
                <Menu.Item leftSection={<IconUserCheck size={16} />} onClick={switchOn}>
                  {t('team.switch_on')}
                </Menu.Item>
              ) : (
                <>
                  <Menu.Item leftSection={<IconDevices size={16} />} onClick={() => setDialog('sessions')}>
                    {t('team.sessions')}
                  </Menu.Item>
                  <Menu.Item leftSection={<IconShieldOff size={16} />} onClick={() => setDialog('factor')}>
                    {t('team.factor')}
                  </Menu.Item>
                  {me.agent.role === 'owner' && (
                    <Menu.Item leftSection={<IconCrown size={16} />} onClick={() => setDialog('owner')}>
                      {t('team.hand_over')}
                    </Menu.Item>
                  )}
                  <Menu.Divider />
                  <Menu.Item leftSection={<IconUserOff size={16} />} c="var(--mantine-color-error)" onClick={() => setDialog('off')}>
                    {t('team.switch_off')}
                  </Menu.Item>
                </>
              )}
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
      {full && (
        <div className={css.wide}>
          <LimitNotice of="agents" />
        </div>
      )}
      <Confirm
        opened={dialog === 'off'}
        onClose={close}
        title={t('team.switch_off_title', { name: agent.name })}
        text={t('team.switch_off_text', { name: agent.name })}
        action={t('team.switch_off')}
        danger
        onConfirm={() => change({ disabled: true })}
      />
      <Confirm
        opened={dialog === 'owner'}
        onClose={close}
        title={t('team.hand_over_title', { name: agent.name })}
        text={t('team.hand_over_text', { name: agent.name })}
        action={t('team.hand_over')}
        onConfirm={async () => {
          await http.put('/v1/account/owner', { agent_id: agent.id })
          await session.reload()
          await refresh('agents', 'roles', 'audit')
        }}
      />
      <Confirm
        opened={dialog === 'factor'}
        onClose={close}
        title={t('team.factor_title', { name: agent.name })}
        text={t('team.factor_text', { name: agent.name })}
        action={t('team.factor_action')}
        danger
        onConfirm={async () => {
          await http.delete(`/v1/agents/${encodeURIComponent(agent.id)}/second-factor`)
          notifications.show({ color: 'teal', message: t('team.factor_done', { name: agent.name }) })
          await refresh('agents', 'audit', 'sign-in')
        }}
      />
      <MemberSessions agent={agent} opened={dialog === 'sessions'} onClose={close} />
    </li>
  )
}

function Capacity({ agent, value, onChange }: { agent: Agent; value: number; onChange: (capacity: number) => void }) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState<number | string | null>(null)

  function commit(): void {
    const wanted = typeof draft === 'number' ? draft : Number.NaN
    setDraft(null)
    if (Number.isInteger(wanted) && wanted >= 1 && wanted <= 100 && wanted !== agent.capacity) onChange(wanted)
  }

  return (
    <div className={css.load} title={t('team.capacity_text')}>
      <span className={css.loadLabel} aria-hidden>
        {t('team.load')}
      </span>
      <span className={css.open}>
        <b>{agent.open_conversations}</b> /
      </span>
      <NumberInput
        size="xs"
        w={64}
        min={1}
        max={100}
        clampBehavior="blur"
        allowDecimal={false}
        allowNegative={false}
        aria-label={t('team.capacity_of', { name: agent.name })}
        value={draft ?? value}
        onChange={setDraft}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.currentTarget.blur()
        }}
      />
    </div>
  )
}
