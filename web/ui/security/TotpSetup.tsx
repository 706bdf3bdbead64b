// Setting up an authenticator app: scan, type the first code, done.
import { Button, Skeleton, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiProblem } from 'client/http'
import type { RecoveryCodes, TotpSetup as Setup } from 'client/types'
import { ProblemAlert, ProblemState } from '../ProblemAlert'
import { fieldErrors, problemText } from '../problem'
import { http } from '../session'
import { QrCode } from './QrCode'
import css from './Security.module.css'

/** Four by four, as people read it out. */
const grouped = (secret: string) => secret.replace(/(.{4})(?=.)/g, '$1 ')

export function TotpSetup({ onDone, onCancel }: { onDone: (codes: string[]) => void; onCancel?: () => void }) {
  const { t } = useTranslation()
  const once = useId()
  const [code, setCode] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const setup = useQuery({
    queryKey: ['totp-setup', once],
    queryFn: () => http.post<Setup>('/v1/auth/totp'),
    // Each asking makes another secret: what is on the screen must stay the one that counts.
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })

  async function confirm(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const { recovery_codes } = await http.post<RecoveryCodes>('/v1/auth/totp/confirm', { code: code.trim() })
      onDone(recovery_codes)
    } catch (failure) {
      setProblem(failure)
      setBusy(false)
    }
  }

  if (setup.isError) return <ProblemState problem={setup.error} onRetry={() => void setup.refetch()} />
  const wrong = problem instanceof ApiProblem && problem.code === 'code_invalid'
  const error = wrong ? problemText(t, problem) : fieldErrors(t, problem)['code']
  return (
    <form
      className={css.steps}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (code.trim()) void confirm()
      }}
    >
      <div className={css.scan}>
        {setup.data ? (
          <QrCode text={setup.data.uri} label={t('security.qr')} />
        ) : (
          <Skeleton width={176} height={176} radius={12} role="status" aria-label={t('common.loading')} />
        )}
        <div className={css.words}>
          <p>{t('security.scan')}</p>
          <p>{t('security.or_type')}</p>
          <code className={css.secret}>{setup.data ? grouped(setup.data.secret) : '…'}</code>
        </div>
      </div>
      {!error && <ProblemAlert problem={problem} />}
      <TextInput
        className={css.code ?? ''}
        size="md"
        name="code"
        label={t('security.code')}
        description={t('security.code_text')}
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={7}
        data-autofocus
        value={code}
        error={error}
        onChange={(event) => {
          setCode(event.currentTarget.value)
          setProblem(null)
        }}
      />
      <div className={css.ways}>
        {onCancel && (
          <Button variant="default" onClick={onCancel}>
            {t('common.cancel')}
          </Button>
        )}
        <Button type="submit" loading={busy} disabled={!setup.data || code.replaceAll(/\s/g, '').length < 6}>
          {t('security.turn_on')}
        </Button>
      </div>
    </form>
  )
}
