// A new key: a name, what it may do, then its secret, once.
import { Alert, Anchor, Button, Checkbox, Group, Select, TextInput } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CreatedApiKey } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useRefresh } from '../data/api'
import { CopyButton } from '../shell/CopyButton'
import css from './Keys.module.css'
import { groupScopes, readOnly } from './scopes'
import { isDeclined, useProof } from '../security/useProof'
import { Dialog } from '../shell/Dialog'

export function CreateKey({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation()
  const [created, setCreated] = useState<CreatedApiKey | null>(null)

  function close(): void {
    setCreated(null)
    onClose()
  }

  return (
    <Dialog
      opened={opened}
      onClose={close}
      title={t(created ? 'keys.created' : 'keys.create')}
      size={560}
      // A slip of the mouse must not lose a secret that is shown once.
      closeOnClickOutside={!created}
      closeOnEscape={!created}
    >
      {created ? <Secret created={created} onClose={close} /> : <Form onCreated={setCreated} onClose={close} />}
    </Dialog>
  )
}

function Form({ onCreated, onClose }: { onCreated: (key: CreatedApiKey) => void; onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const { permissions } = useMe()
  const refresh = useRefresh()
  const proof = useProof()
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<string[]>([])
  const [days, setDays] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const [tried, setTried] = useState(false)
  const errors = fieldErrors(t, problem)
  const nameError = tried && !name.trim() ? t('problem.name_invalid') : errors['name']
  const scopesError = tried && scopes.length === 0 ? t('problem.scopes_empty') : errors['scopes']

  async function create(): Promise<void> {
    setTried(true)
    if (!name.trim() || scopes.length === 0) return
    setBusy(true)
    setProblem(null)
    try {
      const body = {
        name: name.trim(),
        scopes,
        ...(days && { expires_at: new Date(Date.now() + Number(days) * 86_400_000).toISOString() }),
      }
      const created = await proof.run(() => http.post<CreatedApiKey>('/v1/api-keys', body))
      void refresh('api-keys')
      onCreated(created)
    } catch (failure) {
      if (!isDeclined(failure)) setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <>
      {proof.dialog}
      <form
        noValidate
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          void create()
        }}
      >
        {Object.keys(errors).length === 0 && <ProblemAlert problem={problem} />}
        <TextInput
          data-autofocus
          label={t('keys.name')}
          placeholder={t('keys.name_example')}
          maxLength={80}
          value={name}
          error={nameError}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <div>
          <div className={css.scopesHead}>
            <span id="scopes-label">{t('keys.scopes')}</span>
            <span className={css.presets}>
              <Anchor component="button" type="button" size="xs" onClick={() => setScopes(readOnly(permissions))}>
                {t('keys.read_only')}
              </Anchor>
              <Anchor component="button" type="button" size="xs" onClick={() => setScopes([...permissions])}>
                {t('keys.everything')}
              </Anchor>
              <Anchor component="button" type="button" size="xs" c="dimmed" onClick={() => setScopes([])}>
                {t('keys.nothing')}
              </Anchor>
            </span>
          </div>
          <Checkbox.Group value={scopes} onChange={setScopes} aria-labelledby="scopes-label" error={scopesError}>
            <div className={css.groups}>
              {groupScopes(permissions).map((group) => (
                <div key={group.noun} className={css.group}>
                  {group.scopes.map((scope) => {
                    const known = i18n.exists(`scope.${scope}`)
                    return (
                      <Checkbox
                        key={scope}
                        size="xs"
                        value={scope}
                        label={known ? t(`scope.${scope}`) : scope}
                        description={known ? scope : undefined}
                      />
                    )
                  })}
                </div>
              ))}
            </div>
          </Checkbox.Group>
        </div>
        <Select
          label={t('keys.expires')}
          description={t('keys.expires_text')}
          allowDeselect={false}
          value={days}
          error={errors['expires_at']}
          onChange={(value) => setDays(value ?? '')}
          data={[
            { value: '', label: t('keys.expires_never') },
            ...[30, 90, 365].map((count) => ({ value: String(count), label: t('keys.expires_days', { count }) })),
          ]}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t('keys.create')}
          </Button>
        </Group>
      </form>
    </>
  )
}

export function Secret({ created, onClose }: { created: CreatedApiKey; onClose: () => void }) {
  const { t } = useTranslation()
  const [copied, setCopied] = useState(false)
  return (
    <div className={css.form}>
      <Alert color="amber" variant="light" radius="md" icon={<IconAlertTriangle size={18} />}>
        {t('keys.once')}
      </Alert>
      <div className={css.secret}>
        <code>{created.secret}</code>
        <CopyButton text={created.secret} variant="filled" onCopied={() => setCopied(true)} data-autofocus />
      </div>
      <div className={css.try}>
        <span>{t('keys.try')}</span>
        <pre>{`curl ${location.origin}/v1/conversations/counts \\\n  -H "Authorization: Bearer ${created.secret}"`}</pre>
      </div>
      <Group justify="flex-end">
        <Button variant={copied ? 'filled' : 'default'} onClick={onClose}>
          {t('keys.kept')}
        </Button>
      </Group>
    </div>
  )
}
