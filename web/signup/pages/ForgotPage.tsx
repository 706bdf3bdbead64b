// Asking for a link to set a new password. Whether the address has a login is nobody else's business.
import { Anchor, Button } from '@mantine/core'
import { IconMailForward } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { keepNext } from '../next'
import { Elsewhere, EmailField, formClass, SubmitButton } from '../parts/fields'
import { Frame, Heading, Outcome } from '../parts/Frame'
import { looksLikeEmail, useSubmit } from '../parts/useSubmit'
import { useTitle } from './useTitle'

export function ForgotPage() {
  const { t } = useTranslation()
  useTitle('forgot.title')
  const [email, setEmail] = useState('')
  const [sentTo, setSentTo] = useState<string | null>(null)

  const submit = useSubmit({
    check: () => ({ email: !looksLikeEmail(email) && 'email_invalid' }),
    send: async () => {
      await http.post<void>('/v1/auth/forgot-password', { email: email.trim() }, { auth: false })
      setSentTo(email.trim())
    },
  })

  return (
    <Frame>
      {sentTo ? (
        <Outcome
          tone="plain"
          icon={<IconMailForward />}
          title={t('forgot.sent')}
          text={t('forgot.sent_text', { email: sentTo })}
        >
          <Button size="md" variant="default" onClick={() => setSentTo(null)}>
            {t('forgot.again')}
          </Button>
        </Outcome>
      ) : (
        <>
          <Heading title={t('forgot.title')} text={t('forgot.text')} />
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
            <SubmitButton busy={submit.busy}>{t('forgot.submit')}</SubmitButton>
          </form>
        </>
      )}
      <Elsewhere>
        <Anchor component={Link} href={keepNext('/login')} inherit fw={550}>
          {t('forgot.back')}
        </Anchor>
      </Elsewhere>
    </Frame>
  )
}
