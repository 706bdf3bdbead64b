// Signing in by one's company: the address says which one, and its own page asks for the rest.
import { Anchor } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { SsoDeparture } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { keepNext, rememberNext } from '../next'
import { Elsewhere, EmailField, formClass, SubmitButton } from '../parts/fields'
import { Frame, Heading } from '../parts/Frame'
import { looksLikeEmail, useSubmit } from '../parts/useSubmit'
import { useTitle } from './useTitle'

export function CompanyPage() {
  const { t } = useTranslation()
  useTitle('company.title')
  const [email, setEmail] = useState('')
  const submit = useSubmit({
    check: () => ({ email: !looksLikeEmail(email) && 'email_invalid' }),
    fieldOf: { sso_unknown: 'email' },
    send: async () => {
      const { redirect_url } = await http.post<SsoDeparture>(
        '/v1/auth/sso/begin',
        { email: email.trim() },
        { auth: false },
      )
      rememberNext()
      location.assign(redirect_url)
      await new Promise(() => undefined)
    },
  })

  return (
    <Frame>
      <Heading title={t('company.title')} text={t('company.text')} />
      <form ref={submit.form} className={formClass} onSubmit={submit.onSubmit} noValidate>
        <ProblemAlert problem={submit.problem} />
        <EmailField
          autoFocus
          value={email}
          error={submit.errors['email']}
          onChange={(value) => {
            setEmail(value)
            submit.touch('email')
          }}
        />
        <SubmitButton busy={submit.busy}>{t('company.submit')}</SubmitButton>
      </form>
      <Elsewhere>
        <Anchor component={Link} href={keepNext('/login')} inherit fw={550}>
          {t('company.back')}
        </Anchor>
      </Elsewhere>
    </Frame>
  )
}
