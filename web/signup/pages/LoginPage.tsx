// Signing in, and choosing the company when there are several.
import { Anchor } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { ApiProblem } from 'client/http'
import type { Me } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { session } from 'ui/session'
import { keepNext, mustChoose, nextPage } from '../next'
import { Elsewhere, EmailField, formClass, PasswordField, SubmitButton } from '../parts/fields'
import { Frame, Heading } from '../parts/Frame'
import { RestoreOffer } from '../parts/RestoreOffer'
import { looksLikeEmail, useSubmit } from '../parts/useSubmit'
import { AccountChooser } from './AccountChooser'
import { useSignupOpen } from './useSignupOpen'
import { useTitle } from './useTitle'

export function LoginPage() {
  const { t } = useTranslation()
  useTitle('login.title')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [choosing, setChoosing] = useState<Me | null>(null)
  const open = useSignupOpen()

  // Whoever is signed in already came here by an old link or the back button.
  useEffect(() => {
    if (session.state().status !== 'unknown') return
    void session.restore().then((state) => {
      if (state.status === 'signed_in') location.replace(nextPage())
    })
  }, [])

  const submit = useSubmit({
    check: () => ({
      email: !looksLikeEmail(email) && 'email_invalid',
      password: !password && 'required',
    }),
    send: async () => {
      const me = await session.login({ email: email.trim(), password })
      if (mustChoose(me)) return setChoosing(me)
      location.replace(nextPage())
      await new Promise(() => undefined)
    },
  })

  if (choosing) return <AccountChooser me={choosing} />
  return (
    <Frame>
      <Heading title={t('login.title')} text={t('login.text')} />
      <form ref={submit.form} className={formClass} onSubmit={submit.onSubmit} noValidate>
        {submit.problem instanceof ApiProblem && submit.problem.code === 'account_closed' ? (
          <RestoreOffer email={email} password={password} onRestored={() => submit.form.current?.requestSubmit()} />
        ) : (
          <ProblemAlert problem={submit.problem} />
        )}
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
