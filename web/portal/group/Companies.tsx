// The companies of a group side by side, the way into those one works in, and the roles that are handed out in each.
import { Box, Button, Group as Row, Select, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconPlus, IconUserPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AccountFigures, GroupOverview, OrganisationView, Role } from 'client/types'
import { currentLocale } from 'ui/i18n'
import { fieldErrors } from 'ui/problem'
import { notifyProblem, ProblemAlert } from 'ui/ProblemAlert'
import { roleName } from 'ui/role'
import { http, session, useMe } from 'ui/session'
import { useGroupMembers, useRefresh } from '../data/api'
import { CreateDialog } from '../setup/CreateDialog'
import { Dialog } from '../shell/Dialog'
import { Card } from '../shell/Page'
import { Tag } from '../shell/Tag'
import css from './Group.module.css'

const COLUMNS = ['conversations', 'open', 'waiting', 'agents_online', 'rating'] as const

export function Companies({ group, overview }: { group: OrganisationView; overview: GroupOverview | undefined }) {
  const { t, i18n } = useTranslation()
  const refresh = useRefresh()
  const me = useMe()
  const [creating, setCreating] = useState(false)
  const [people, setPeople] = useState<{ id: string; name: string } | null>(null)
  const number = (value: number) => new Intl.NumberFormat(i18n.language).format(value)

  function cell(figures: AccountFigures, column: (typeof COLUMNS)[number]): string {
    if (column === 'rating') return figures.rating_average === null ? '–' : figures.rating_average.toFixed(1)
    if (column === 'agents_online') return `${figures.agents_online} / ${figures.agents}`
    return number(figures[column])
  }

  return (
    <Card
      flush
      title={t('group.companies')}
      text={t('group.companies_text')}
      aside={
        <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
          {t('group.add_company')}
        </Button>
      }
    >
      <Box component="section" className={css.scroll ?? ''} tabIndex={0} aria-label={t('group.companies')}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">{t('group.company')}</th>
              {COLUMNS.map((column) => (
                <th key={column} scope="col">
                  {t(`group.figure.${column}`)}
                </th>
              ))}
              <td />
            </tr>
          </thead>
          <tbody>
            {group.accounts.map((account) => {
              const figures = overview?.accounts.find((one) => one.id === account.id)?.figures
              const mine = me.accounts.some((one) => one.id === account.id)
              return (
                <tr key={account.id}>
                  <th scope="row">
                    <span className={css.company}>{account.name}</span>
                    <small>{account.slug}</small>
                  </th>
                  {figures ? (
                    COLUMNS.map((column) => <td key={column}>{cell(figures, column)}</td>)
                  ) : (
                    <td colSpan={COLUMNS.length}>
                      {account.status === 'active' ? '' : <Tag tone="warn">{t(`group.status.${account.status}`)}</Tag>}
                    </td>
                  )}
                  <td className={css.tools}>
                    {account.status === 'active' && (
                      <Button size="compact-xs" variant="subtle" onClick={() => setPeople(account)}>
                        {t('group.people')}
                      </Button>
                    )}
                    {mine && account.id !== me.account.id && account.status === 'active' && (
                      <Button
                        size="compact-xs"
                        variant="subtle"
                        onClick={() =>
                          session.switchAccount(account.id).then(
                            () => location.assign('/portal'),
                            (problem: unknown) => notifyProblem(t, problem),
                          )
                        }
                      >
                        {t('group.enter')}
                      </Button>
                    )}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </Box>
      <CreateDialog
        opened={creating}
        onClose={() => setCreating(false)}
        title={t('group.add_company')}
        example={t('group.company_example')}
        longest={80}
        onSave={async (company) => {
          await http.post(`/v1/organisations/${encodeURIComponent(group.id)}/accounts`, {
            company,
            locale: currentLocale(),
          })
          await Promise.all([refresh(`group ${group.id}`, `group-overview ${group.id}`), session.reload()])
        }}
      />
      <Dialog
        opened={people !== null}
        onClose={() => setPeople(null)}
        title={t('group.people_of', { company: people?.name ?? '' })}
        size={520}
      >
        {people && <People group={group.id} account={people.id} />}
      </Dialog>
    </Card>
  )
}

const ROLES: Role[] = ['agent', 'supervisor', 'admin']

function People({ group, account }: { group: string; account: string }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const members = useGroupMembers(group, account)
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('agent')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const path = `/v1/organisations/${encodeURIComponent(group)}/accounts/${encodeURIComponent(account)}/members`

  async function give(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const given = await http.put<{ is_member: boolean }>(path, { email: email.trim(), role })
      const message = t(given.is_member ? 'group.given' : 'group.invited', { email: email.trim() })
      notifications.show({ color: 'teal', message, autoClose: 4000 })
      setEmail('')
      await refresh(`group-members ${account}`, `group-overview ${group}`)
    } catch (failure) {
      setProblem(failure)
    } finally {
      setBusy(false)
    }
  }

  const error = fieldErrors(t, problem)['email']
  return (
    <>
      <ul className={css.people}>
        {members.data?.map((member) => (
          <li key={member.agent_id}>
            <span>
              <b>{member.name}</b>
              <small>{member.email}</small>
            </span>
            <Tag>{roleName(t, member)}</Tag>
          </li>
        ))}
      </ul>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          if (email.trim()) void give()
        }}
      >
        {!error && <ProblemAlert problem={problem} />}
        <Row align="flex-end" gap="xs" wrap="wrap">
          <TextInput
            style={{ flex: 1, minWidth: 200 }}
            type="email"
            autoComplete="off"
            label={t('team.email')}
            value={email}
            error={error}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <Select
            w={140}
            label={t('team.role')}
            allowDeselect={false}
            value={role}
            onChange={(value) => value && setRole(value as Role)}
            data={ROLES.map((value) => ({ value, label: t(`role.${value}`) }))}
          />
          <Button type="submit" loading={busy} leftSection={<IconUserPlus size={15} />}>
            {t('group.give')}
          </Button>
        </Row>
      </form>
    </>
  )
}
