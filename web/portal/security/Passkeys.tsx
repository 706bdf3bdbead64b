// One's passkeys: added, renamed, removed.
import { Button, TextInput } from '@mantine/core'
import { IconFingerprint, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { createPasskey, type PasskeyChallenge, passkeysWork, wasThereBefore } from 'client/passkey'
import { ApiProblem } from 'client/http'
import type { Passkey, PasskeyRegistered, Security } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { RelativeTime } from 'ui/RelativeTime'
import { Codes } from 'ui/security/Codes'
import { http } from 'ui/session'
import { date } from 'ui/time'
import { useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { Dialog } from '../shell/Dialog'
import { Card } from '../shell/Page'
import css from './Security.module.css'
import { isDeclined, type Proof } from './useProof'

export function Passkeys({ security, proof }: { security: Security; proof: Proof }) {
  const { t } = useTranslation()
  const [adding, setAdding] = useState(false)
  const [codes, setCodes] = useState<string[] | null>(null)
  const can = security.passkeys_available && passkeysWork()
  return (
    <Card
      flush
      title={t('passkeys.title')}
      text={t(can ? 'passkeys.text' : 'passkeys.unavailable')}
      aside={
        can && (
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} />} onClick={() => setAdding(true)}>
            {t('passkeys.add')}
          </Button>
        )
      }
    >
      <ul className={css.list}>
        {security.passkeys.map((passkey) => (
          <Row key={passkey.id} passkey={passkey} proof={proof} />
        ))}
      </ul>
      <Dialog opened={adding} onClose={() => setAdding(false)} title={t('passkeys.add')} size={440}>
        <Add
          proof={proof}
          onLeave={() => setAdding(false)}
          onAdded={(made) => {
            setAdding(false)
            if (made.length > 0) setCodes(made)
          }}
        />
      </Dialog>
      <Dialog
        opened={codes !== null}
        onClose={() => setCodes(null)}
        title={t('security.codes')}
        size={520}
        closeOnClickOutside={false}
        closeOnEscape={false}
      >
        {codes && <Codes codes={codes} onKept={() => setCodes(null)} />}
      </Dialog>
    </Card>
  )
}

function Add(props: { proof: Proof; onLeave: () => void; onAdded: (codes: string[]) => void }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function add(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const asked = await props.proof.run(() => http.post<PasskeyChallenge>('/v1/auth/passkeys/begin'))
      const credential = await createPasskey(asked.options)
      const body = { challenge: asked.challenge, credential, name: name.trim() }
      const made = await http.post<PasskeyRegistered>('/v1/auth/passkeys', body)
      await refresh('security', 'sessions')
      props.onAdded(made.recovery_codes)
    } catch (failure) {
      if (wasThereBefore(failure)) setProblem(new ApiProblem({ code: 'passkey_taken', status: 409 }))
      else if (!isDeclined(failure)) setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <form
      noValidate
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault()
        if (name.trim()) void add()
      }}
    >
      <p className={css.note}>{t('passkeys.add_text')}</p>
      <ProblemAlert problem={problem} />
      <TextInput
        label={t('passkeys.name')}
        placeholder={t('passkeys.name_example')}
        maxLength={60}
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <div className={css.actions}>
        <Button variant="default" onClick={props.onLeave}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={busy} disabled={!name.trim()} leftSection={<IconFingerprint size={17} />}>
          {t('passkeys.go_on')}
        </Button>
      </div>
    </form>
  )
}

function Row({ passkey, proof }: { passkey: Passkey; proof: Proof }) {
  const { t, i18n } = useTranslation()
  const refresh = useRefresh()
  const [open, setOpen] = useState<'rename' | 'remove' | null>(null)
  const path = `/v1/auth/passkeys/${encodeURIComponent(passkey.id)}`
  return (
    <li className={css.row}>
      <span className={css.icon} data-on aria-hidden>
        <IconFingerprint size={18} stroke={1.7} />
      </span>
      <div className={css.body}>
        <div className={css.name}>{passkey.name}</div>
        <div className={css.meta}>
          {t('passkeys.since', { date: date(passkey.created_at, i18n.language) })}
          {' · '}
          {passkey.last_used_at ? (
            <>
              {t('passkeys.used')} <RelativeTime at={passkey.last_used_at} />
            </>
          ) : (
            t('passkeys.never_used')
          )}
        </div>
      </div>
      <div className={css.acts}>
        <Button size="compact-sm" variant="subtle" onClick={() => setOpen('rename')}>
          {t('passkeys.rename')}
        </Button>
        <Button size="compact-sm" variant="subtle" color="red" onClick={() => setOpen('remove')}>
          {t('passkeys.remove')}
        </Button>
      </div>
      <Dialog opened={open === 'rename'} onClose={() => setOpen(null)} title={t('passkeys.rename')} size={400}>
        <Rename passkey={passkey} path={path} onDone={() => setOpen(null)} />
      </Dialog>
      <Confirm
        opened={open === 'remove'}
        onClose={() => setOpen(null)}
        title={t('passkeys.remove_title', { name: passkey.name })}
        text={t('passkeys.remove_text')}
        action={t('passkeys.remove')}
        danger
        onConfirm={async () => {
          await proof.run(() => http.delete(path))
          await refresh('security')
        }}
      />
    </li>
  )
}

function Rename({ passkey, path, onDone }: { passkey: Passkey; path: string; onDone: () => void }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [name, setName] = useState(passkey.name)
  const [problem, setProblem] = useState<unknown>(null)
  return (
    <form
      noValidate
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault()
        http.patch<void>(path, { name: name.trim() }).then(
          async () => {
            await refresh('security')
            onDone()
          },
          (failure: unknown) => setProblem(failure),
        )
      }}
    >
      <ProblemAlert problem={problem} />
      <TextInput
        label={t('passkeys.name')}
        maxLength={60}
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <div className={css.actions}>
        <Button type="submit" disabled={!name.trim()}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}
