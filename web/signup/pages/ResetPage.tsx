// A new password, by the link from the letter.
import { Button } from '@mantine/core'
import { IconCircleCheck, IconLinkOff } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { ApiProblem } from 'client/http'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { linkToken } from '../next'
import { formClass, SubmitButton } from '../parts/fields'
import { Frame, Heading, Outcome } from '../parts/Frame'
import { NewPassword } from '../parts/NewPassword'
import { useSubmit } from '../parts/useSubmit'
import { MIN_LENGTH } from '../strength'
import { useTitle } from './useTitle'

export function ResetPage() {
  const { t } = useTranslation()
  useTitle('reset.title')
  const token = linkToken()
  const [password, setPassword] = useState('')
  const [outcome, setOutcome] = useState<'done' | 'dead' | null>(token ? null : 'dead')

  const submit = useSubmit({
    check: () => ({ password: [...password].length < MIN_LENGTH && 'password_too_short' }),
    send: async () => {
      try {
        await http.post<void>('/v1/auth/reset-password', { token, password }, { auth: false })
        setOutcome('done')
      } catch (problem) {
        if (problem instanceof ApiProblem && problem.status === 404) return setOutcome('dead')
        throw problem
      }
    },
  })

  return (
    <Frame>
      {outcome === 'done' && (
        <Outcome tone="ok" icon={<IconCircleCheck />} title={t('reset.done')} text={t('reset.done_text')}>
          <Button component={Link} href="/login" size="md">
            {t('reset.to_login')}
          </Button>
        </Outcome>
      )}
      {outcome === 'dead' && (
        <Outcome tone="bad" icon={<IconLinkOff />} title={t('link.dead')} text={t('reset.dead_text')}>
          <Button component={Link} href="/login/forgot" size="md">
            {t('reset.again')}
          </Button>
        </Outcome>
      )}
      {outcome === null && (
        <>
          <Heading title={t('reset.title')} text={t('reset.text')} />
          <form ref={submit.form} className={formClass} onSubmit={submit.onSubmit} noValidate>
            <ProblemAlert problem={submit.problem} />
            <NewPassword
              autoFocus
              name="password"
              label={t('field.new_password')}
              visibilityToggleButtonProps={{ 'aria-label': t('field.show_password') }}
              value={password}
              error={submit.errors['password']}
              onChange={(event) => {
                setPassword(event.currentTarget.value)
                submit.touch('password')
              }}
            />
            <SubmitButton busy={submit.busy}>{t('reset.submit')}</SubmitButton>
          </form>
        </>
      )}
    </Frame>
  )
}
