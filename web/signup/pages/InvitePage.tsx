// Coming in by an invitation: with a new login, or with the one the address has already.
import { Anchor, Button, Skeleton, TextInput } from '@mantine/core'
import { IconLinkOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { ApiProblem } from 'client/http'
import type { ChallengeAnswer, InvitationPreview, LoginChallenge, SessionBody } from 'client/types'
import { ProblemAlert, ProblemState } from 'ui/ProblemAlert'
import { PersonAvatar } from 'ui/PersonAvatar'
import { http, session } from 'ui/session'
import { enter, linkToken } from '../next'
import { Elsewhere, formClass, PasswordField, SubmitButton } from '../parts/fields'
import { Frame, Heading, Outcome } from '../parts/Frame'
import { NewPassword } from '../parts/NewPassword'
import { SecondFactor, signInWith } from '../parts/SecondFactor'
import { useSubmit } from '../parts/useSubmit'
import { MIN_LENGTH } from '../strength'
import css from './InvitePage.module.css'
import { useTitle } from './useTitle'
import { roleName } from 'ui/role'

export function InvitePage() {
  const { t } = useTranslation()
  useTitle('invite.page')
  const token = linkToken()
  const query = useQuery({
    queryKey: ['invitation', token],
    queryFn: () =>
      http.get<InvitationPreview>(`/v1/invitations/by-token/${encodeURIComponent(token)}`, undefined, { auth: false }),
    enabled: token !== '',
    refetchOnWindowFocus: false,
  })
  const dead = !token || (query.error instanceof ApiProblem && [404, 410, 422].includes(query.error.status))

  return (
    <Frame>
      {dead && (
        <Outcome tone="bad" icon={<IconLinkOff />} title={t('link.dead')} text={t('invite.dead_text')}>
          <Button component={Link} href="/login" size="md" variant="default">
            {t('invite.to_login')}
          </Button>
        </Outcome>
      )}
      {!dead && query.isError && <ProblemState problem={query.error} onRetry={() => void query.refetch()} />}
      {!dead && query.isPending && <Waiting />}
      {!dead && query.data && <Accept token={token} invitation={query.data} />}
    </Frame>
  )
}

function Waiting() {
  const { t } = useTranslation()
  return (
    <div role="status" aria-label={t('common.loading')}>
      <Skeleton height={52} width={52} radius={16} mb={22} />
      <Skeleton height={26} width="78%" mb={12} />
      <Skeleton height={14} width="60%" mb={34} />
      <Skeleton height={42} mb={20} />
      <Skeleton height={42} mb={20} />
      <Skeleton height={42} />
    </div>
  )
}

function Accept({ token, invitation }: { token: string; invitation: InvitationPreview }) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [challenge, setChallenge] = useState<LoginChallenge | null>(null)
  const fresh = !invitation.has_login

  const submit = useSubmit({
    check: () => ({
      name: fresh && !name.trim() && 'name_invalid',
      password: fresh ? [...password].length < MIN_LENGTH && 'password_too_short' : !password && 'required',
    }),
    fieldOf: { credentials_invalid: 'password' },
    send: async () => {
      const body = fresh ? { name: name.trim(), password } : { password }
      const answer = await http.post<SessionBody | LoginChallenge>(
        `/v1/invitations/by-token/${encodeURIComponent(token)}/accept`,
        body,
        { auth: false },
      )
      if ('challenge' in answer) return setChallenge(answer)
      session.adopt(answer)
      await enter()
    },
  })

  if (challenge) {
    const onAnswer = (answer: ChallengeAnswer) => signInWith(answer).then(() => enter())
    return <SecondFactor challenge={challenge} onAnswer={onAnswer} onOver={() => location.replace('/login')} />
  }
  return (
    <>
      <span className={css.company}>
        <PersonAvatar name={invitation.account_name} seed={invitation.account_name} size={52} />
      </span>
      <Heading
        title={t('invite.title', { company: invitation.account_name })}
        text={
          <Trans
            i18nKey={fresh ? 'invite.text_new' : 'invite.text_known'}
            values={{ role: roleName(t, invitation), email: invitation.email }}
            components={{ b: <strong className={css.strong} /> }}
          />
        }
      />
      <form ref={submit.form} className={formClass} onSubmit={submit.onSubmit} noValidate>
        <ProblemAlert problem={submit.problem} />
        {/* Password managers file the password under this. */}
        <input type="email" name="username" autoComplete="username" value={invitation.email} readOnly hidden />
        {fresh && (
          <TextInput
            size="md"
            name="name"
            autoComplete="name"
            maxLength={80}
            autoFocus
            label={t('field.name')}
            description={t('invite.name_text')}
            placeholder={t('field.name_example')}
            value={name}
            error={submit.errors['name']}
            onChange={(event) => {
              setName(event.currentTarget.value)
              submit.touch('name')
            }}
          />
        )}
        {fresh ? (
          <NewPassword
            name="password"
            label={t('field.password')}
            visibilityToggleButtonProps={{ 'aria-label': t('field.show_password') }}
            email={invitation.email}
            value={password}
            error={submit.errors['password']}
            onChange={(event) => {
              setPassword(event.currentTarget.value)
              submit.touch('password')
            }}
          />
        ) : (
          <PasswordField
            autoFocus
            value={password}
            error={submit.errors['password']}
            onChange={(value) => {
              setPassword(value)
              submit.touch('password')
            }}
            aside={
              <Anchor component={Link} href="/login/forgot" inherit>
                {t('login.forgot')}
              </Anchor>
            }
          />
        )}
        <SubmitButton busy={submit.busy}>{t('invite.submit', { company: invitation.account_name })}</SubmitButton>
      </form>
      <Elsewhere>{t('invite.not_you')}</Elsewhere>
    </>
  )
}
