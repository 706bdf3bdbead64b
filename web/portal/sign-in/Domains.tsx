// The domains whose addresses the company's sign-in service may speak for, each proven by a letter to who runs it.
import { Button, Select, TextInput } from '@mantine/core'
import { IconPlus, IconWorld } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DomainMailbox, SignInDomain, SignInSettings } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemAlert } from 'ui/ProblemAlert'
import { fieldErrors } from 'ui/problem'
import { http, useMe } from 'ui/session'
import { date } from 'ui/time'
import { useRefresh } from '../data/api'
import css from '../security/Security.module.css'
import { isDeclined, type Proof } from '../security/useProof'
import { Confirm } from '../shell/Confirm'
import { Dialog } from '../shell/Dialog'
import { Card } from '../shell/Page'
import { Tag } from '../shell/Tag'

const MAILBOXES: DomainMailbox[] = ['admin', 'administrator', 'hostmaster', 'postmaster', 'webmaster']

export function Domains({ settings, proof }: { settings: SignInSettings; proof: Proof }) {
  const { t } = useTranslation()
  const [adding, setAdding] = useState<SignInDomain | 'new' | null>(null)
  return (
    <Card
      flush
      title={t('domains.title')}
      text={t('domains.text')}
      aside={
        <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={() => setAdding('new')}>
          {t('domains.add')}
        </Button>
      }
    >
      {settings.domains.length === 0 && (
        <EmptyState compact icon={<IconWorld />} title={t('domains.empty')} text={t('domains.empty_text')} />
      )}
      <ul className={css.list}>
        {settings.domains.map((domain) => (
          <Row key={domain.id} domain={domain} proof={proof} onAgain={() => setAdding(domain)} />
        ))}
      </ul>
      <Dialog opened={adding !== null} onClose={() => setAdding(null)} title={t('domains.add')} size={460}>
        {adding && <Add known={adding === 'new' ? null : adding} proof={proof} onDone={() => setAdding(null)} />}
      </Dialog>
    </Card>
  )
}

function Row({ domain, proof, onAgain }: { domain: SignInDomain; proof: Proof; onAgain: () => void }) {
  const { t, i18n } = useTranslation()
  const refresh = useRefresh()
  const [asking, setAsking] = useState(false)
  return (
    <li className={css.row}>
      <span className={css.icon} data-on={domain.proven_at ? true : undefined} aria-hidden>
        <IconWorld size={18} stroke={1.7} />
      </span>
      <div className={css.body}>
        <div className={css.name}>
          {domain.domain}
          <Tag tone={domain.proven_at ? 'ok' : 'warn'}>{t(domain.proven_at ? 'domains.proven' : 'domains.waits')}</Tag>
        </div>
        <div className={css.meta}>
          {domain.proven_at
            ? t('domains.proven_on', { date: date(domain.proven_at, i18n.language) })
            : t('domains.sent_to', { address: domain.sent_to })}
        </div>
      </div>
      <div className={css.acts}>
        {!domain.proven_at && (
          <Button size="compact-sm" variant="subtle" onClick={onAgain}>
            {t('domains.again')}
          </Button>
        )}
        <Button size="compact-sm" variant="subtle" color="red" onClick={() => setAsking(true)}>
          {t('domains.remove')}
        </Button>
      </div>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('domains.remove_title', { domain: domain.domain })}
        text={t('domains.remove_text')}
        action={t('domains.remove')}
        danger
        onConfirm={async () => {
          await proof.run(() => http.delete(`/v1/account/sso/domains/${encodeURIComponent(domain.id)}`))
          await refresh('sign-in')
        }}
      />
    </li>
  )
}

function Add({ known, proof, onDone }: { known: SignInDomain | null; proof: Proof; onDone: () => void }) {
  const { t } = useTranslation()
  const { user } = useMe()
  const refresh = useRefresh()
  const [domain, setDomain] = useState(known?.domain ?? user.email.split('@')[1] ?? '')
  const [mailbox, setMailbox] = useState<DomainMailbox>('postmaster')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const errors = fieldErrors(t, problem)

  async function add(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      await proof.run(() => http.post('/v1/account/sso/domains', { domain: domain.trim(), mailbox }))
      await refresh('sign-in')
      onDone()
    } catch (failure) {
      if (!isDeclined(failure)) setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <form
      noValidate
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault()
        if (domain.trim()) void add()
      }}
    >
      <p className={css.note}>{t('domains.add_text')}</p>
      {problem !== null && Object.keys(errors).length === 0 && <ProblemAlert problem={problem} />}
      <TextInput
        label={t('domains.name')}
        placeholder="blue-teapot.example"
        maxLength={253}
        readOnly={known !== null}
        data-autofocus={known === null || undefined}
        value={domain}
        error={errors['domain']}
        onChange={(event) => setDomain(event.currentTarget.value)}
      />
      <Select
        label={t('domains.mailbox')}
        allowDeselect={false}
        value={mailbox}
        onChange={(value) => value && setMailbox(value as DomainMailbox)}
        data={MAILBOXES.map((name) => ({ value: name, label: `${name}@${domain.trim() || '…'}` }))}
      />
      <div className={css.actions}>
        <Button variant="default" onClick={onDone}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={busy} disabled={!domain.trim()}>
          {t('domains.send')}
        </Button>
      </div>
    </form>
  )
}
