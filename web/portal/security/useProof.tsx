// What only the person may do: done, or, when the last proof of who they are is too old, done after another one.
import { Button, Divider, PasswordInput, Skeleton, TextInput } from '@mantine/core'
import { IconBuildingCommunity, IconFingerprint } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useCallback, useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiProblem } from 'client/http'
import { type PasskeyChallenge, passkeysWork, askPasskey, wasDeclined } from 'client/passkey'
import type { Security } from 'client/types'
import { ProblemAlert, ProblemState } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { Dialog } from '../shell/Dialog'
import css from './Security.module.css'

/** The person thought better of it. Nobody needs to be told. */
export class ProofDeclined extends Error {}

export const isDeclined = (problem: unknown) => problem instanceof ProofDeclined || wasDeclined(problem)

export interface Proof {
  /** Does it; asks for proof first where the server wants one. */
  run: <T>(work: () => Promise<T>) => Promise<T>
  /** To be put somewhere on the page. */
  dialog: ReactNode
}

export function useProof(): Proof {
  const [opened, setOpened] = useState(false)
  const waiting = useRef<{ go: () => void; leave: () => void } | null>(null)

  const run = useCallback(async <T,>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (problem) {
      if (!(problem instanceof ApiProblem) || problem.code !== 'reauthentication_required') throw problem
    }
    await new Promise<void>((resolve, reject) => {
      waiting.current = { go: resolve, leave: () => reject(new ProofDeclined()) }
      setOpened(true)
    })
    return work()
  }, [])

  function close(proven: boolean): void {
    setOpened(false)
    const then = waiting.current
    waiting.current = null
    if (proven) then?.go()
    else then?.leave()
  }

  return { run, dialog: <ProofDialog opened={opened} onClose={close} /> }
}

function ProofDialog({ opened, onClose }: { opened: boolean; onClose: (proven: boolean) => void }) {
  const { t } = useTranslation()
  return (
    <Dialog opened={opened} onClose={() => onClose(false)} title={t('proof.title')} size={440}>
      {opened && <Ask onProven={() => onClose(true)} />}
    </Dialog>
  )
}

function Ask({ onProven }: { onProven: () => void }) {
  const { t } = useTranslation()
  const security = useQuery({
    queryKey: ['proof'],
    queryFn: ({ signal }) => http.get<Security>('/v1/auth/security', undefined, { signal }),
    gcTime: 0,
  })
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [busy, setBusy] = useState<'form' | 'passkey' | null>(null)
  const [problem, setProblem] = useState<unknown>(null)

  async function prove(how: 'form' | 'passkey', body: () => Promise<object>): Promise<void> {
    setBusy(how)
    setProblem(null)
    try {
      await http.post('/v1/auth/reauthenticate', await body())
      onProven()
    } catch (failure) {
      if (!wasDeclined(failure)) setProblem(failure)
      setBusy(null)
    }
  }

  if (security.isError) return <ProblemState problem={security.error} onRetry={() => void security.refetch()} compact />
  if (!security.data) return <Skeleton height={120} role="status" aria-label={t('common.loading')} />
  const { password: known, totp_since, recovery_codes_left, passkeys } = security.data
  const asksCode = totp_since !== null || (passkeys.length > 0 && recovery_codes_left > 0)
  const asksForm = known || totp_since !== null
  const asksPasskey = passkeys.length > 0 && passkeysWork()

  return (
    <div className={css.form}>
      <p className={css.note}>{t('proof.text')}</p>
      <ProblemAlert problem={problem} />
      {asksPasskey && (
        <Button
          loading={busy === 'passkey'}
          leftSection={<IconFingerprint size={18} />}
          data-autofocus
          onClick={() =>
            void prove('passkey', async () => {
              const asked = await http.post<PasskeyChallenge>('/v1/auth/reauthenticate/passkey')
              return { passkey_challenge: asked.challenge, credential: await askPasskey(asked.options) }
            })
          }
        >
          {t('proof.passkey')}
        </Button>
      )}
      {asksPasskey && asksForm && <Divider label={t('proof.or')} />}
      {asksForm && (
        <form
          noValidate
          className={css.form}
          onSubmit={(event) => {
            event.preventDefault()
            const body = { password: password || undefined, code: code.trim() || undefined }
            void prove('form', () => Promise.resolve(body))
          }}
        >
          {known && (
            <PasswordInput
              label={t('proof.password')}
              autoComplete="current-password"
              maxLength={1000}
              visibilityToggleButtonProps={{ 'aria-label': t('proof.show_password') }}
              data-autofocus={!asksPasskey || undefined}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
          )}
          {asksCode && (
            <TextInput
              label={t(totp_since ? 'proof.code' : 'proof.recovery')}
              autoComplete="one-time-code"
              maxLength={20}
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
          )}
          <Button
            type="submit"
            variant={asksPasskey ? 'default' : 'filled'}
            loading={busy === 'form'}
            disabled={(known && !password) || (totp_since !== null && !code.trim())}
          >
            {t('proof.go')}
          </Button>
        </form>
      )}
      {!asksForm && !asksPasskey && (
        <Button
          component="a"
          href={`/login/company?next=${encodeURIComponent(location.pathname)}`}
          leftSection={<IconBuildingCommunity size={18} />}
        >
          {t('proof.company')}
        </Button>
      )}
    </div>
  )
}
