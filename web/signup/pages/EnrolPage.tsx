// The company asks everybody for a second factor, and this person has none yet. Nothing else is open until there is one.
import { Button, UnstyledButton } from '@mantine/core'
import { IconChevronRight, IconDeviceMobileMessage, IconFingerprint } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { createPasskey, type PasskeyChallenge, passkeysWork, wasDeclined } from 'client/passkey'
import type { PasskeyRegistered } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { Codes } from 'ui/security/Codes'
import { TotpSetup } from 'ui/security/TotpSetup'
import { http, session, useSession } from 'ui/session'
import { keepNext, nextPage } from '../next'
import { Elsewhere } from '../parts/fields'
import { Frame, Heading } from '../parts/Frame'
import css from './AccountChooser.module.css'
import { useTitle } from './useTitle'

async function goOn(): Promise<void> {
  // The token at hand still says that a factor is due; a fresh one does not.
  await session.freshToken(true)
  location.replace(nextPage())
}

export function EnrolPage() {
  const { t } = useTranslation()
  useTitle('enrol.title')
  const state = useSession()
  const [way, setWay] = useState<'totp' | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)

  useEffect(() => {
    if (state.status === 'unknown') void session.restore()
    if (state.status === 'signed_out') location.replace(keepNext('/login'))
    if (state.status === 'signed_in' && codes === null) location.replace(nextPage())
  }, [state.status, codes])

  function done(made: string[]): void {
    if (made.length > 0) setCodes(made)
    else void goOn()
  }

  if (state.status !== 'enrolling' && codes === null) return <Frame>{null}</Frame>
  return (
    <Frame>
      {codes ? (
        <>
          <Heading title={t('enrol.done')} text={t('enrol.codes_text')} />
          <Codes codes={codes} onKept={() => void goOn()} />
        </>
      ) : (
        <>
          <Heading
            title={t('enrol.title')}
            text={t('enrol.text', { company: state.status === 'enrolling' ? state.me.account.name : '' })}
          />
          {way === 'totp' ? (
            <TotpSetup onDone={done} onCancel={() => setWay(null)} />
          ) : (
            <Ways onTotp={() => setWay('totp')} onDone={done} />
          )}
          <Elsewhere>
            <Button
              variant="subtle"
              size="compact-sm"
              onClick={() => void session.logout().finally(() => location.replace('/login'))}
            >
              {t('enrol.leave')}
            </Button>
          </Elsewhere>
        </>
      )}
    </Frame>
  )
}

function Ways({ onTotp, onDone }: { onTotp: () => void; onDone: (codes: string[]) => void }) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function passkey(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const asked = await http.post<PasskeyChallenge>('/v1/auth/passkeys/begin')
      const credential = await createPasskey(asked.options)
      const body = { challenge: asked.challenge, credential, name: t('enrol.first_passkey') }
      onDone((await http.post<PasskeyRegistered>('/v1/auth/passkeys', body)).recovery_codes)
    } catch (failure) {
      if (!wasDeclined(failure)) setProblem(failure)
      setBusy(false)
    }
  }

  const ways = [
    ...(passkeysWork() ? [{ name: 'passkey', icon: <IconFingerprint size={22} />, go: () => void passkey() }] : []),
    { name: 'totp', icon: <IconDeviceMobileMessage size={22} />, go: onTotp },
  ]
  return (
    <>
      <ProblemAlert problem={problem} />
      <ul className={css.list}>
        {ways.map((way) => (
          <li key={way.name}>
            <UnstyledButton className={css.item} disabled={busy} onClick={way.go}>
              {way.icon}
              <span className={css.names}>
                <span className={css.name}>{t(`enrol.${way.name}`)}</span>
                <span className={css.role}>{t(`enrol.${way.name}_text`)}</span>
              </span>
              <IconChevronRight size={18} aria-hidden className={css.arrow} />
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </>
  )
}
