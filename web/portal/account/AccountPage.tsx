// The company, oneself, this device, and the way out.
import { Anchor, Button, CopyButton as Copies, Select, TextInput, UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconBuilding, IconCheck, IconCopy, IconDoorExit, IconLogout } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { Account, Agent, LocaleCode } from 'client/types'
import { chooseLocale, currentLocale, LOCALES, type Locale } from 'ui/i18n'
import { PersonAvatar } from 'ui/PersonAvatar'
import { fieldErrors } from 'ui/problem'
import { notifyProblem, ProblemAlert } from 'ui/ProblemAlert'
import { http, loginUrl, session, useCan, useMe } from 'ui/session'
import { roleName } from 'ui/role'
import { LANGUAGE_NAMES } from 'ui/Switches'
import { date } from 'ui/time'
import { Card, Page, Stack } from '../shell/Page'
import { Confirm } from '../shell/Confirm'
import css from './Account.module.css'
import { CloseCard } from './CloseCard'
import { ClosedCompanies } from './ClosedCompanies'
import { GroupCard } from './GroupCard'
import { SchemeChoice } from './SchemeChoice'
import { SuspendCard } from './SuspendCard'

export function AccountPage() {
  const { t } = useTranslation()
  const { agent } = useMe()
  const mayManage = useCan('account.manage')
  return (
    <Page title={t('nav.account')}>
      <Stack>
        <Company />
        <Profile />
        <Device />
        {mayManage && <GroupCard />}
        <Leave />
        {agent.role === 'owner' && <SuspendCard />}
        {agent.role === 'owner' && <CloseCard />}
      </Stack>
    </Page>
  )
}

function Company() {
  const { t, i18n } = useTranslation()
  const { account } = useMe()
  const may = useCan('account.manage')
  const [name, setName] = useState(account.name)
  const [locale, setLocale] = useState<LocaleCode>(account.locale)
  const [slug, setSlug] = useState(account.slug)
  const dirty = name.trim() !== account.name || locale !== account.locale || slug !== account.slug
  const save = useMutation({
    mutationFn: async () => {
      await http.patch<Account>('/v1/account', {
        name: name.trim(),
        locale,
        ...(slug !== account.slug && { slug }),
      })
      await session.reload()
    },
    onSuccess: () => notifications.show({ color: 'teal', message: t('account_page.saved'), autoClose: 3000 }),
  })
  const errors = fieldErrors(t, save.error)

  return (
    <Card title={t('account_page.company')} text={may ? t('account_page.company_text') : undefined}>
      <form
        noValidate
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          if (dirty && name.trim()) save.mutate()
        }}
      >
        {Object.keys(errors).length === 0 && <ProblemAlert problem={save.error} />}
        <div className={css.pair}>
          <TextInput
            label={t('account_page.company_name')}
            maxLength={80}
            readOnly={!may}
            value={name}
            error={errors['name'] ?? (name.trim() ? undefined : t('problem.company_invalid'))}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label={t('account_page.company_locale')}
            allowDeselect={false}
            readOnly={!may}
            value={locale}
            onChange={(value) => value && setLocale(value as LocaleCode)}
            data={LOCALES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
          />
        </div>
        <TextInput
          label={t('account_page.slug')}
          description={t('account_page.slug_text')}
          maxLength={40}
          readOnly={!may}
          autoCapitalize="none"
          spellCheck={false}
          value={slug}
          error={errors['slug']}
          onChange={(event) => setSlug(event.currentTarget.value)}
        />
        <dl className={css.facts}>
          <div>
            <dt>{t('account_page.plan')}</dt>
            <dd>{t(`plan.${account.plan}`, { defaultValue: account.plan })}</dd>
          </div>
          <div>
            <dt>{t('account_page.since')}</dt>
            <dd>{date(account.created_at, i18n.language)}</dd>
          </div>
          <div>
            <dt>{t('account_page.id')}</dt>
            <dd>
              <Copies value={account.id}>
                {({ copied, copy }) => (
                  <UnstyledButton className={css.id} onClick={copy} title={t('account_page.copy_id')}>
                    <span className="fd-sr">{t('account_page.copy_id')}</span>
                    <code className="fd-truncate">{account.id}</code>
                    {copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
                  </UnstyledButton>
                )}
              </Copies>
            </dd>
          </div>
        </dl>
        {may && (
          <div className={css.actions}>
            <Button type="submit" size="xs" loading={save.isPending} disabled={!dirty || !name.trim()}>
              {t('common.save')}
            </Button>
          </div>
        )}
      </form>
    </Card>
  )
}

function Profile() {
  const { t } = useTranslation()
  const { agent, user } = useMe()
  const [name, setName] = useState(agent.name)
  const dirty = name.trim() !== agent.name
  const save = useMutation({
    mutationFn: async () => {
      await http.patch<Agent>(`/v1/agents/${encodeURIComponent(agent.id)}`, { name: name.trim() })
      await session.reload()
    },
    onSuccess: () => notifications.show({ color: 'teal', message: t('account_page.saved'), autoClose: 3000 }),
  })
  const errors = fieldErrors(t, save.error)

  return (
    <Card title={t('account_page.profile')} text={t('account_page.profile_text')}>
      <form
        noValidate
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          if (dirty && name.trim()) save.mutate()
        }}
      >
        {Object.keys(errors).length === 0 && <ProblemAlert problem={save.error} />}
        <div className={css.who}>
          <PersonAvatar name={name || agent.email} seed={agent.id} size={52} />
          <div className={css.pair}>
            <TextInput
              label={t('account_page.name')}
              maxLength={80}
              autoComplete="name"
              value={name}
              error={errors['name'] ?? (name.trim() ? undefined : t('problem.name_invalid'))}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <TextInput label={t('account_page.email')} value={user.email} readOnly className={css.still ?? ''} />
          </div>
        </div>
        <dl className={css.facts}>
          <div>
            <dt>{t('account_page.role')}</dt>
            <dd>{roleName(t, agent)}</dd>
          </div>
          <div>
            <dt>{t('account_page.signing_in')}</dt>
            <dd>
              <Anchor component={Link} href="/security" size="sm">
                {t('account_page.to_security')}
              </Anchor>
            </dd>
          </div>
        </dl>
        <div className={css.actions}>
          <Button type="submit" size="xs" loading={save.isPending} disabled={!dirty || !name.trim()}>
            {t('common.save')}
          </Button>
        </div>
      </form>
    </Card>
  )
}

function Device() {
  const { t } = useTranslation()
  return (
    <Card title={t('account_page.device')} text={t('account_page.device_text')}>
      <div className={css.pair}>
        <Select
          label={t('switches.language')}
          allowDeselect={false}
          value={currentLocale()}
          onChange={(value) => value && chooseLocale(value as Locale)}
          data={LOCALES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
        />
        <SchemeChoice />
      </div>
    </Card>
  )
}

function Leave() {
  const { t } = useTranslation()
  const me = useMe()
  const [busy, setBusy] = useState(false)
  const [asking, setAsking] = useState(false)
  const others = me.accounts.filter((account) => account.id !== me.account.id && account.status === 'active')

  async function signOut(): Promise<void> {
    setBusy(true)
    await session.logout().catch(() => undefined)
    location.assign(loginUrl({ pathname: '/portal', search: '', hash: '' }))
  }

  async function switchTo(id: string): Promise<void> {
    try {
      await session.switchAccount(id)
      location.assign('/portal')
    } catch (problem) {
      notifyProblem(t, problem)
    }
  }

  return (
    <Card title={t('account_page.leave')}>
      <div className={css.leave}>
        {others.map((account) => (
          <Button
            key={account.id}
            variant="default"
            leftSection={<IconBuilding size={16} />}
            onClick={() => void switchTo(account.id)}
          >
            {t('account_page.switch_to', { company: account.name })}
          </Button>
        ))}
        <ClosedCompanies />
        <Button variant="default" leftSection={<IconLogout size={16} />} loading={busy} onClick={() => void signOut()}>
          {t('account.sign_out')}
        </Button>
        {me.agent.role !== 'owner' && (
          <Button variant="subtle" color="red" leftSection={<IconDoorExit size={16} />} onClick={() => setAsking(true)}>
            {t('team.leave')}
          </Button>
        )}
      </div>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        danger
        title={t('team.leave_title', { company: me.account.name })}
        text={t('team.leave_text')}
        action={t('team.leave')}
        onConfirm={async () => {
          await http.post('/v1/agents/me/leave', {})
          await signOut()
        }}
      />
    </Card>
  )
}
