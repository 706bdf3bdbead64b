// A company signs up by itself, and is at its own front desk with the next click.
import { Alert, Anchor, Input, SegmentedControl, TextInput } from '@mantine/core'
import { IconBolt, IconLanguage, IconShieldCheck, IconUserCircle } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { ApiProblem, uuid } from 'client/http'
import type { LoginChallenge, SessionBody } from 'client/types'
import { chooseLocale, currentLocale, LOCALES, type Locale } from 'ui/i18n'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http, session, useSession } from 'ui/session'
import { LANGUAGE_NAMES } from 'ui/Switches'
import { keepNext } from '../next'
import { Elsewhere, EmailField, formClass, pairClass, SubmitButton } from '../parts/fields'
import { Frame, Heading } from '../parts/Frame'
import { NewPassword } from '../parts/NewPassword'
import { looksLikeEmail, useSubmit } from '../parts/useSubmit'
import { createRetryKey } from '../retryKey'
import { MIN_LENGTH } from '../strength'
import css from './SignupPage.module.css'
import { useSignupOpen } from './useSignupOpen'
import { useTitle } from './useTitle'

export function SignupPage() {
  const { t } = useTranslation()
  useTitle('signup.title')
  const [company, setCompany] = useState('')
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [taken, setTaken] = useState(false)
  const [retryKey] = useState(() => createRetryKey(uuid))
  const locale = currentLocale()
  const [setup] = useState(() => new URLSearchParams(location.search).get('setup'))
  const open = useSignupOpen()

  const submit = useSubmit({
    check: () => ({
      company: !company.trim() && 'company_invalid',
      email: !looksLikeEmail(email) && 'email_invalid',
      password: [...password].length < MIN_LENGTH && 'password_too_short',
    }),
    fieldOf: { email_taken: 'email' },
    send: async () => {
      setTaken(false)
      const body = {
        company: company.trim(),
        name: name.trim() || undefined,
        email: email.trim(),
        password,
        locale,
        ...(setup && { setup }),
      }
      try {
        const idempotencyKey = retryKey.keyFor(body)
        const answer = await http.post<SessionBody | LoginChallenge>('/v1/signup', body, {
          auth: false,
          idempotencyKey,
        })
        // The company is there; its owner's login asks for more than a password.
        if ('challenge' in answer) return location.assign('/login?next=%2Fportal')
        session.adopt(answer)
        location.assign('/portal')
      } catch (problem) {
        setTaken(problem instanceof ApiProblem && problem.code === 'email_taken')
        throw problem
      }
      // The button stays busy until the next page is there.
      await new Promise(() => undefined)
    },
  })

  if (!open && !setup) {
    return (
      <Frame>
        <Heading title={t('private.title')} text={t('private.text')} />
        <Elsewhere>
          <Anchor component={Link} href={keepNext('/login')} fw={550} inherit>
            {t('signup.to_login')}
          </Anchor>
        </Elsewhere>
      </Frame>
    )
  }
  return (
    <Frame below={<Points />}>
      <Heading
        title={t(setup ? 'private.first_title' : 'signup.title')}
        text={t(setup ? 'private.first_text' : 'signup.text')}
      />
      <SignedInNote />
      <form ref={submit.form} className={formClass} onSubmit={submit.onSubmit} noValidate>
        <ProblemAlert problem={submit.problem} />
        <div className={pairClass}>
          <TextInput
            size="md"
            name="company"
            autoComplete="organization"
            maxLength={80}
            autoFocus
            label={t('field.company')}
            placeholder={t('field.company_example')}
            value={company}
            error={submit.errors['company']}
            onChange={(event) => {
              setCompany(event.currentTarget.value)
              submit.touch('company')
            }}
          />
          <TextInput
            size="md"
            name="name"
            autoComplete="name"
            maxLength={80}
            label={
              <>
                {t('field.name')} <span className={css.optional}>{t('common.optional')}</span>
              </>
            }
            placeholder={t('field.name_example')}
            value={name}
            error={submit.errors['name']}
            onChange={(event) => {
              setName(event.currentTarget.value)
              submit.touch('name')
            }}
          />
        </div>
        <EmailField
          value={email}
          error={
            submit.errors['email'] &&
            (taken ? (
              <>
                {t('signup.taken')}{' '}
                <Anchor component={Link} href={keepNext('/login')} inherit fw={550}>
                  {t('signup.to_login')}
                </Anchor>
              </>
            ) : (
              submit.errors['email']
            ))
          }
          onChange={(value) => {
            setEmail(value)
            submit.touch('email')
          }}
        />
        <NewPassword
          name="password"
          label={t('field.password')}
          visibilityToggleButtonProps={{ 'aria-label': t('field.show_password') }}
          email={email}
          value={password}
          error={submit.errors['password']}
          onChange={(event) => {
            setPassword(event.currentTarget.value)
            submit.touch('password')
          }}
        />
        <Input.Wrapper
          size="md"
          label={t('field.language')}
          labelElement="div"
          labelProps={{ id: 'language-label' }}
          description={t('signup.language_text')}
          inputWrapperOrder={['label', 'input', 'description']}
        >
          <SegmentedControl
            fullWidth
            mb={6}
            aria-labelledby="language-label"
            value={locale}
            onChange={(value) => chooseLocale(value as Locale)}
            data={LOCALES.map((each) => ({ value: each, label: <span lang={each}>{LANGUAGE_NAMES[each]}</span> }))}
          />
        </Input.Wrapper>
        <SubmitButton busy={submit.busy}>{t('signup.submit')}</SubmitButton>
      </form>
      <Elsewhere>
        {t('signup.have')}{' '}
        <Anchor component={Link} href={keepNext('/login')} fw={550} inherit>
          {t('signup.to_login')}
        </Anchor>
      </Elsewhere>
    </Frame>
  )
}

/** Somebody who is signed in may found a second company, but usually only lost the way. */
function SignedInNote() {
  const { t } = useTranslation()
  const state = useSession()
  useEffect(() => {
    if (state.status === 'unknown') void session.restore()
  }, [state.status])
  if (state.status !== 'signed_in') return null
  return (
    <Alert variant="light" radius="md" mb={22} icon={<IconUserCircle size={18} />}>
      {t('signup.signed_in', { email: state.me.user.email, company: state.me.account.name })}{' '}
      <Anchor href="/portal" inherit fw={550}>
        {t('signup.to_portal')}
      </Anchor>
    </Alert>
  )
}

/** What the showcase says on wide screens. */
function Points() {
  const { t } = useTranslation()
  return (
    <aside className={css.points} aria-label={t('showcase.label')}>
      <ul>
        {[['minute', IconBolt] as const, ['languages', IconLanguage] as const, ['yours', IconShieldCheck] as const].map(
          ([name, Icon]) => (
            <li key={name}>
              <Icon size={19} stroke={1.8} aria-hidden />
              <span>
                <strong>{t(`showcase.${name}`)}</strong>
                {t(`showcase.${name}_text`)}
              </span>
            </li>
          ),
        )}
      </ul>
    </aside>
  )
}
