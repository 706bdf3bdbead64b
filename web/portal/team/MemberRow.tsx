// One colleague: role and capacity to change in place, and the switch that shuts or opens their way in.
import { ActionIcon, Menu, NumberInput, Select } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconDots, IconUserCheck, IconUserOff } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Agent, Role } from 'client/types'
import { PersonAvatar } from 'ui/PersonAvatar'
import { notifyProblem } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { isLimit, LimitNotice } from '../shell/LimitNotice'
import { Tag } from '../shell/Tag'
import css from './Team.module.css'

const ROLES: Role[] = ['admin', 'supervisor', 'agent']

export function MemberRow({ agent, self }: { agent: Agent; self: boolean }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [asking, setAsking] = useState(false)
  const [full, setFull] = useState(false)
  const [pending, setPending] = useState<Partial<Agent>>({})
  const off = agent.disabled_at !== null
  // The server guards the same: nobody demotes themselves, and the owner stays.
  const fixed = self || agent.role === 'owner'

  async function change(body: { role?: Role; capacity?: number; disabled?: boolean }): Promise<void> {
    await http.patch<Agent>(`/v1/agents/${encodeURIComponent(agent.id)}`, body)
    await refresh('agents', 'audit')
  }

  /** Shown at once, taken back when the server says no. */
  function changeNow(body: { role?: Role; capacity?: number }): void {
    setPending(body)
    change(body)
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

  const role = pending.role ?? agent.role
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
          <span className={css.role}>{t(`role.${role}`)}</span>
        ) : (
          <Select
            size="xs"
            className={css.roleSelect ?? ''}
            aria-label={t('team.role_of', { name: agent.name })}
            allowDeselect={false}
            value={role}
            comboboxProps={{ width: 260, position: 'bottom-end' }}
            data={ROLES.map((value) => ({ value, label: t(`role.${value}`) }))}
            renderOption={({ option }) => (
              <div className={css.option}>
                <strong>{option.label}</strong>
                <span>{t(`team.can.${option.value}`)}</span>
              </div>
            )}
            onChange={(value) => value && value !== agent.role && changeNow({ role: value as Role })}
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
          <Menu position="bottom-end" width={200}>
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
                <Menu.Item leftSection={<IconUserOff size={16} />} color="red" onClick={() => setAsking(true)}>
                  {t('team.switch_off')}
                </Menu.Item>
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
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('team.switch_off_title', { name: agent.name })}
        text={t('team.switch_off_text', { name: agent.name })}
        action={t('team.switch_off')}
        danger
        onConfirm={() => change({ disabled: true })}
      />
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
