// The company's own sign-in service: any provider of OpenID Connect.
import { Button, PasswordInput, Select, Switch, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Role, SignInSettings } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { RelativeTime } from 'ui/RelativeTime'
import { fieldErrors } from 'ui/problem'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'
import css from '../security/Security.module.css'
import { isDeclined, type Proof } from '../security/useProof'
import { Confirm } from '../shell/Confirm'
import { CopyButton } from '../shell/CopyButton'
import { Card } from '../shell/Page'

const ROLES: Role[] = ['agent', 'supervisor', 'admin']

export function Service({ settings, proof }: { settings: SignInSettings; proof: Proof }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const { sso } = settings
  const [issuer, setIssuer] = useState(sso?.issuer ?? '')
  const [client, setClient] = useState(sso?.client_id ?? '')
  const [secret, setSecret] = useState('')
  const [role, setRole] = useState<Role>(sso?.default_role ?? 'agent')
  const [only, setOnly] = useState(sso?.only ?? false)
  const [busy, setBusy] = useState(false)
  const [removing, setRemoving] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const errors = fieldErrors(t, problem)
  const ready = issuer.trim() !== '' && client.trim() !== ''

  async function save(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const body = {
        issuer: issuer.trim(),
        client_id: client.trim(),
        client_secret: secret || undefined,
        default_role: role,
        only,
      }
      await proof.run(() => http.put('/v1/account/sso', body))
      setSecret('')
      await refresh('sign-in')
      notifications.show({ color: 'teal', message: t('service.saved'), autoClose: 4000 })
    } catch (failure) {
      if (!isDeclined(failure)) setProblem(failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Card title={t('service.title')} text={t('service.text')}>
      <form
        noValidate
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          if (ready) void save()
        }}
      >
        {problem !== null && Object.keys(errors).length === 0 && <ProblemAlert problem={problem} />}
        <div>
          <p className={css.note}>{t('service.redirect')}</p>
          <div className={css.copy}>
            <code>{settings.redirect_uri}</code>
            <CopyButton text={settings.redirect_uri} />
          </div>
        </div>
        <TextInput
          type="url"
          label={t('service.issuer')}
          description={t('service.issuer_text')}
          placeholder="https://login.blue-teapot.example"
          maxLength={500}
          value={issuer}
          error={errors['issuer']}
          onChange={(event) => setIssuer(event.currentTarget.value)}
        />
        <div className={css.pair}>
          <TextInput
            label={t('service.client')}
            maxLength={200}
            autoComplete="off"
            value={client}
            error={errors['client_id']}
            onChange={(event) => setClient(event.currentTarget.value)}
          />
          <PasswordInput
            label={t('service.secret')}
            placeholder={sso?.has_client_secret ? t('service.secret_kept') : undefined}
            maxLength={500}
            autoComplete="off"
            visibilityToggleButtonProps={{ 'aria-label': t('service.show_secret') }}
            value={secret}
            error={errors['client_secret']}
            onChange={(event) => setSecret(event.currentTarget.value)}
          />
        </div>
        <Select
          label={t('service.role')}
          description={t('service.role_text')}
          allowDeselect={false}
          value={role}
          onChange={(value) => value && setRole(value as Role)}
          data={ROLES.map((each) => ({ value: each, label: t(`role.${each}`) }))}
        />
        <Switch
          label={t('service.only')}
          description={t('service.only_text')}
          checked={only}
          onChange={(event) => setOnly(event.currentTarget.checked)}
        />
        {sso && (
          <p className={css.note}>
            {sso.last_used_at ? (
              <>
                {t('service.used')} <RelativeTime at={sso.last_used_at} />
              </>
            ) : (
              t('service.never_used')
            )}
          </p>
        )}
        <div className={css.actions}>
          {sso && (
            <Button variant="subtle" color="red" size="xs" onClick={() => setRemoving(true)}>
              {t('service.remove')}
            </Button>
          )}
          <Button type="submit" size="xs" loading={busy} disabled={!ready}>
            {t('service.save')}
          </Button>
        </div>
      </form>
      <Confirm
        opened={removing}
        onClose={() => setRemoving(false)}
        title={t('service.remove_title')}
        text={t('service.remove_text')}
        action={t('service.remove')}
        danger
        onConfirm={async () => {
          await proof.run(() => http.delete('/v1/account/sso'))
          setIssuer('')
          setClient('')
          setOnly(false)
          await refresh('sign-in')
        }}
      />
    </Card>
  )
}
