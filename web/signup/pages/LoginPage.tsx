// Signing in: by password and what is asked for beside it, by a passkey, or by one's company; and choosing the company when there
// are several.
import { Anchor, Button, Divider } from '@mantine/core'
import { IconBuildingCommunity, IconFingerprint } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { ApiProblem } from 'client/http'
import { askPasskey, type PasskeyChallenge, passkeysWork, wasDeclined } from 'client/passkey'
import type { LoginChallenge, Me, SessionBody } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http, session } from 'ui/session'
import { enter, keepNext, mustChoose, nextPage } from '../next'
import { Elsewhere, EmailField, formClass, PasswordField, SubmitButton } from '../parts/fields'
import { Frame, Heading } from '../parts/Frame'
import { openAgain, RestoreOffer, type WayBack } from '../parts/RestoreOffer'
import { SecondFactor, signInWith } from '../parts/SecondFactor'
import { looksLikeEmail, useSubmit } from '../parts/useSubmit'
import { AccountChooser } from './AccountChooser'
import css from './LoginPage.module.css'
import { useSignupOpen } from './useSignupOpen'
import { useTitle } from './useTitle'

/** What the owner can do about a company that lets nobody in. */
const WAYS_BACK: Record<string, WayBack> = { account_closed: 'restore', account_suspended: 'resume' }

export function LoginPage() {
  const { t } = useTranslation()
  useTitle('login.title')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [choosing, setChoosing] = useState<Me | null>(null)
  const open = useSignupOpen()
  const [challenge, setChallenge] = useState<LoginChallenge | null>(null)
  const [opening, setOpening] = useState<{ how: WayBack; challenge: LoginChallenge } | null>(null)
  const [over, setOver] = useState(false)

  // Whoever is signed in already came here by an old link or the back button.
  useEffect(() => {
    if (session.state().status !== 'unknown') return
    void session.restore().then((state) => {
      if (state.status === 'signed_in') location.replace(nextPage())
      if (state.status === 'enrolling') location.replace(keepNext('/login/enrol'))
    })
  }, [])

  async function goOn(me: Me): Promise<void> {
    if (session.state().status === 'signed_in' && mustChoose(me)) return setChoosing(me)
    await enter()
  }

  async function signIn(): Promise<void> {
    setOver(false)
    const answer = await session.login({ email: email.trim(), password })
    setOpening(null)
    if ('challenge' in answer) return setChallenge(answer)
    await goOn(answer)
  }

  const submit = useSubmit({
    check: () => ({
      email: !looksLikeEmail(email) && 'email_invalid',
      password: !password && 'required',
    }),
    send: signIn,
  })

  function tooLate(): void {
    setChallenge(null)
    setOpening(null)
    setOver(true)
  }

  const wayBack = submit.problem instanceof ApiProblem ? WAYS_BACK[submit.problem.code] : undefined
  if (choosing) return <AccountChooser me={choosing} />
  if (challenge)
    return (
      <Frame>
        <SecondFactor
          key={challenge.challenge}
          challenge={challenge}
          onAnswer={async (answer) => goOn(await signInWith(answer))}
          onOver={tooLate}
        />
      </Frame>
    )
  if (opening)
    return (
      <Frame>
        <SecondFactor
          key={opening.challenge.challenge}
          challenge={opening.challenge}
          action={t(`${opening.how}.action`)}
          onAnswer={async (second_factor) => {
            await openAgain(opening.how, { email, password, second_factor })
            await signIn()
          }}
          onOver={tooLate}
        />
      </Frame>
    )
  return (
    <Frame>
      <Heading title={t('login.title')} text={t('login.text')} />
      <form ref={submit.form} className={formClass} onSubmit={submit.onSubmit} noValidate>
        {wayBack && (
          <RestoreOffer
            key={wayBack}
            how={wayBack}
            email={email}
            password={password}
            onRestored={() => submit.form.current?.requestSubmit()}
            onAsked={(challenge) => setOpening({ how: wayBack, challenge })}
          />
        )}
        <ProblemAlert problem={over ? new ApiProblem({ code: 'challenge_over' }) : wayBack ? null : submit.problem} />
        <EmailField
          autoFocus
          value={email}
          error={submit.errors['email']}
          onChange={(value) => {
            setEmail(value)
            submit.touch('email')
          }}
        />
        <PasswordField
          value={password}
          error={submit.errors['password']}
          onChange={(value) => {
            setPassword(value)
            submit.touch('password')
          }}
          aside={
            <Anchor component={Link} href={keepNext('/login/forgot')} inherit>
              {t('login.forgot')}
            </Anchor>
          }
        />
        <SubmitButton busy={submit.busy}>{t('login.submit')}</SubmitButton>
      </form>
      <OtherWays onIn={goOn} />
      {open && (
        <Elsewhere>
          {t('login.new')}{' '}
          <Anchor component={Link} href={keepNext('/signup')} fw={550} inherit>
            {t('login.to_signup')}
          </Anchor>
        </Elsewhere>
      )}
    </Frame>
  )
}

function OtherWays({ onIn }: { onIn: (me: Me) => Promise<void> }) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function byPasskey(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const asked = await http.post<PasskeyChallenge>('/v1/auth/login/passkey/begin', {}, { auth: false })
      const credential = await askPasskey(asked.options)
      const body = { challenge: asked.challenge, credential }
      await onIn(session.adopt(await http.post<SessionBody>('/v1/auth/login/passkey', body, { auth: false })))
    } catch (failure) {
      if (!wasDeclined(failure)) setProblem(failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <div className={css.ways}>
      <Divider label={t('login.or')} />
      <ProblemAlert problem={problem} />
      {passkeysWork() && (
        <Button
          size="md"
          variant="default"
          loading={busy}
          leftSection={<IconFingerprint size={19} />}
          onClick={() => void byPasskey()}
        >
          {t('login.passkey')}
        </Button>
      )}
      <Button
        component={Link}
        href={keepNext('/login/company')}
        size="md"
        variant="default"
        leftSection={<IconBuildingCommunity size={19} />}
      >
        {t('login.company')}
      </Button>
    </div>
  )
}
