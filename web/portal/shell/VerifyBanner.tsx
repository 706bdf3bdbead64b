// The reminder to prove one's address. On the overview the first steps say it already.
import { IconMail } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { notifyProblem } from 'ui/ProblemAlert'
import { http, session, useMe } from 'ui/session'
import { useFirstSteps } from '../overview/useFirstSteps'
import css from './Banner.module.css'

export function useResend() {
  const { t } = useTranslation()
  return useMutation({
    mutationFn: () => http.post<void>('/v1/auth/resend-verification'),
    onError: (problem) => notifyProblem(t, problem),
  })
}

export function VerifyBanner() {
  const { t } = useTranslation()
  const me = useMe()
  const [path] = useLocation()
  const { shown } = useFirstSteps()
  const resend = useResend()
  const verified = me.user.email_verified

  // The letter is read in another tab, or on a phone: look again whenever this one comes back into sight.
  useEffect(() => {
    if (verified) return
    const look = () => {
      if (document.visibilityState === 'visible') void session.reload().catch(() => undefined)
    }
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [verified])

  if (verified || me.support || (path === '/' && shown)) return null
  return (
    <div className={css.banner} role="status">
      <IconMail size={16} aria-hidden className={css.icon} />
      <span>
        {t('verify.text', { email: me.user.email })}{' '}
        {resend.isSuccess ? (
          <strong>{t('verify.sent')}</strong>
        ) : (
          <button type="button" disabled={resend.isPending} onClick={() => resend.mutate()}>
            {t('verify.resend')}
          </button>
        )}
      </span>
    </div>
  )
}
