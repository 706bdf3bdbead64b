// The password was right; here is what else is asked for: a code, a recovery code, or a passkey.
import { Anchor, Button, TextInput } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiProblem } from 'client/http'
import { type PasskeyChallenge, passkeysWork, askPasskey, wasDeclined } from 'client/passkey'
import type { ChallengeAnswer, LoginChallenge, Me, SessionBody } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http, session } from 'ui/session'
import { Elsewhere, formClass, SubmitButton } from './fields'
import { Heading } from './Frame'
import { useSubmit } from './useSubmit'

/** Signs in with it. */
export async function signInWith(answer: ChallengeAnswer): Promise<Me> {
  return session.adopt(await http.post<SessionBody>('/v1/auth/login/second-factor', answer, { auth: false }))
}

export function SecondFactor(props: {
  challenge: LoginChallenge
  /** What the button says; that one signs in unless told. */
  action?: string
  onAnswer: (answer: ChallengeAnswer) => Promise<void>
  /** Too late, or too often: from the beginning. */
  onOver: () => void
}) {
  const { t } = useTranslation()
  const { challenge, factors } = props.challenge
  const [code, setCode] = useState('')
  const [recovery, setRecovery] = useState(!factors.totp && !factors.passkey)
  const [asking, setAsking] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const typed = factors.totp || recovery

  async function answer(given: ChallengeAnswer): Promise<void> {
    try {
      await props.onAnswer(given)
    } catch (failure) {
      if (failure instanceof ApiProblem && failure.code === 'challenge_over') return props.onOver()
      throw failure
    }
  }

  const submit = useSubmit({
    check: () => ({ code: code.trim().length < 6 && 'code_missing' }),
    fieldOf: { code_invalid: 'code' },
    send: () => answer({ challenge, code: code.trim() }),
  })

  async function askDevice(): Promise<void> {
    setAsking(true)
    setProblem(null)
    try {
      const asked = await http.post<PasskeyChallenge>('/v1/auth/login/passkey/begin', { challenge }, { auth: false })
      const credential = await askPasskey(asked.options)
      await answer({ challenge, passkey_challenge: asked.challenge, credential })
    } catch (failure) {
      if (!wasDeclined(failure)) setProblem(failure)
      setAsking(false)
    }
  }

  return (
    <>
      <Heading
        title={t('second.title')}
        text={t(typed ? (recovery ? 'second.recovery_text' : 'second.text') : 'second.passkey_text')}
      />
      <form ref={submit.form} className={formClass} onSubmit={submit.onSubmit} noValidate>
        <ProblemAlert problem={submit.problem ?? problem} />
        {typed && (
          <>
            <TextInput
              key={recovery ? 'recovery' : 'code'}
              size="md"
              name="code"
              autoFocus
              autoComplete={recovery ? 'off' : 'one-time-code'}
              inputMode={recovery ? 'text' : 'numeric'}
              autoCapitalize="none"
              spellCheck={false}
              maxLength={recovery ? 20 : 7}
              label={t(recovery ? 'second.recovery' : 'second.code')}
              value={code}
              error={submit.errors['code']}
              onChange={(event) => {
                setCode(event.currentTarget.value)
                submit.touch('code')
              }}
            />
            <SubmitButton busy={submit.busy}>{props.action ?? t('login.submit')}</SubmitButton>
          </>
        )}
        {factors.passkey && passkeysWork() && (
          <Button
            size="md"
            variant={typed ? 'default' : 'filled'}
            loading={asking}
            leftSection={<IconFingerprint size={19} />}
            onClick={() => void askDevice()}
          >
            {t('second.passkey')}
          </Button>
        )}
      </form>
      <Elsewhere>
        {factors.recovery_code && !(recovery && !factors.totp && !factors.passkey) && (
          <Anchor
            component="button"
            type="button"
            inherit
            fw={550}
            onClick={() => {
              setCode('')
              submit.touch('code')
              setRecovery(!recovery)
            }}
          >
            {t(recovery ? 'second.back' : 'second.lost')}
          </Anchor>
        )}
      </Elsewhere>
    </>
  )
}
