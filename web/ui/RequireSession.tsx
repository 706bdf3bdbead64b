// Lets only signed-in people through: asks the refresh cookie, shows a calm page meanwhile, and sends strangers to the login.
import { Button, Loader } from '@mantine/core'
import { Fragment, useEffect, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { LogoMark } from './Logo'
import { ProblemState } from './ProblemAlert'
import { loginUrl, session, useSession } from './session'
import css from './RequireSession.module.css'

const RETRY_MS = 5_000

/** The quiet page between opening the address and knowing who is there. */
export function Opening({ children }: { children?: ReactNode }) {
  const { t } = useTranslation()
  return (
    <div className={css.root} role="status" aria-label={t('common.loading')}>
      <LogoMark size={44} />
      {children ?? <Loader size="sm" type="dots" className={css.loader} />}
    </div>
  )
}

export function RequireSession({ children }: { children: ReactNode }) {
  const state = useSession()

  useEffect(() => {
    if (state.status === 'unknown') void session.restore()
    if (state.status === 'signed_out') location.replace(loginUrl())
    if (state.status === 'enrolling') location.replace(loginUrl(location, '/login/enrol'))
    if (state.status !== 'unreachable') return
    const timer = setTimeout(() => void session.restore(), RETRY_MS)
    return () => clearTimeout(timer)
  }, [state])

  switch (state.status) {
    case 'signed_in':
      // Another account is another world: nothing of the one before may linger in components.
      return <Fragment key={state.me.account.id}>{children}</Fragment>
    case 'unreachable':
      return (
        <Opening>
          <ProblemState problem={state.problem} onRetry={() => void session.restore()} />
        </Opening>
      )
    case 'signed_out':
      return (
        <Opening>
          <SignInLink />
        </Opening>
      )
    case 'unknown':
    case 'enrolling':
      return <Opening />
  }
}

function SignInLink() {
  const { t } = useTranslation()
  return (
    <Button component="a" href={loginUrl()} variant="subtle" mt="md">
      {t('problem.unauthenticated')}
    </Button>
  )
}
