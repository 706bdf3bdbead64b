// What one signs in with by hand: an address and a password.
import { Button, PasswordInput, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconAt, IconPassword } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Security } from 'client/types'
import { fieldErrors, problemText } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useRefresh } from '../data/api'
import { Dialog } from '../shell/Dialog'
import { Card } from '../shell/Page'
import css from './Security.module.css'
import { isDeclined, type Proof } from './useProof'

export function PasswordAndEmail({ security, proof }: { security: Security; proof: Proof }) {
  const { t } = useTranslation()
  const { user } = useMe()
  const [editing, setEditing] = useState<'password' | 'email' | null>(null)
  const close = () => setEditing(null)
  return (
    <Card flush title={t('security_page.sign_in')}>
      <ul className={css.list}>
        <li className={css.row}>
          <span className={css.icon} aria-hidden>
            <IconAt size={18} stroke={1.7} />
          </span>
          <div className={css.body}>
            <div className={css.name}>{t('security_page.email')}</div>
            <div className={css.meta}>{user.email}</div>
          </div>
          <Button size="compact-sm" variant="default" onClick={() => setEditing('email')}>
            {t('security_page.email_change')}
          </Button>
        </li>
        <li className={css.row}>
          <span className={css.icon} aria-hidden>
            <IconPassword size={18} stroke={1.7} />
          </span>
          <div className={css.body}>
            <div className={css.name}>{t('security_page.password')}</div>
            <div className={css.meta}>
              {t(security.password ? 'security_page.password_set' : 'security_page.password_none')}
            </div>
          </div>
          <Button size="compact-sm" variant="default" onClick={() => setEditing('password')}>
            {t(security.password ? 'security_page.password_change' : 'security_page.password_add')}
          </Button>
        </li>
      </ul>
      <Dialog opened={editing === 'password'} onClose={close} title={t('security_page.password_new')} size={440}>
        <Change kind="password" proof={proof} onDone={close} />
      </Dialog>
      <Dialog opened={editing === 'email'} onClose={close} title={t('security_page.email_new')} size={440}>
        <Change kind="email" proof={proof} onDone={close} />
      </Dialog>
    </Card>
  )
}

function Change({ kind, proof, onDone }: { kind: 'password' | 'email'; proof: Proof; onDone: () => void }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [value, setValue] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const errors = fieldErrors(t, problem)
  const error = errors[kind]

  async function save(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      await proof.run(() =>
        kind === 'password'
          ? http.put<void>('/v1/auth/password', { password: value })
          : http.post<void>('/v1/auth/email', { email: value.trim() }),
      )
      notifications.show({ color: 'teal', message: t(`security_page.${kind}_done`), autoClose: 6000 })
      void refresh('security', 'sessions')
      onDone()
    } catch (failure) {
      if (!isDeclined(failure)) setProblem(failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <form
      noValidate
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault()
        if (value.trim()) void save()
      }}
    >
      <p className={css.note}>{t(`security_page.${kind}_note`)}</p>
      {!error && problem !== null && <ProblemAlert problem={problem} />}
      {kind === 'password' ? (
        <PasswordInput
          label={t('security_page.password_label')}
          description={t('security_page.password_rule')}
          autoComplete="new-password"
          maxLength={200}
          data-autofocus
          visibilityToggleButtonProps={{ 'aria-label': t('proof.show_password') }}
          value={value}
          error={error}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
      ) : (
        <TextInput
          type="email"
          label={t('security_page.email_label')}
          autoComplete="email"
          maxLength={254}
          data-autofocus
          value={value}
          error={error ?? (problem && errors[kind] ? problemText(t, problem) : undefined)}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
      )}
      <div className={css.actions}>
        <Button variant="default" onClick={onDone}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={busy} disabled={!value.trim()}>
          {t(kind === 'password' ? 'common.save' : 'security_page.email_send')}
        </Button>
      </div>
    </form>
  )
}
