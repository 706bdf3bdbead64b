// Proving an e-mail address, by the link from the letter. Some mail programs open links ahead of their reader, so a link
// that was used already is good news when the address is proven.
import { Button, Loader } from '@mantine/core'
import { IconCircleCheck, IconLinkOff, IconMailForward } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { ApiProblem } from 'client/http'
import { ProblemAlert, ProblemState } from 'ui/ProblemAlert'
import { http, session } from 'ui/session'
import { linkToken } from '../next'
import { Frame, Heading, Outcome } from '../parts/Frame'
import { useTitle } from './useTitle'

type Result = 'verified' | 'already' | 'dead'

async function verify(token: string): Promise<{ result: Result; signedIn: boolean }> {
  const restored = await session.restore()
  const signedIn = restored.status === 'signed_in'
  if (restored.status === 'signed_in' && restored.me.user.email_verified) return { result: 'already', signedIn }
  if (!token) return { result: 'dead', signedIn }
  try {
    await http.post<void>('/v1/auth/verify-email', { token }, { auth: false })
    return { result: 'verified', signedIn }
  } catch (problem) {
    if (problem instanceof ApiProblem && !problem.transient) return { result: 'dead', signedIn }
    throw problem
  }
}

export function VerifyPage() {
  const { t } = useTranslation()
  useTitle('verify.title')
  const token = linkToken()
  const query = useQuery({
    queryKey: ['verify', token],
    queryFn: () => verify(token),
    // The link works once: nothing may ask again by itself.
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })

  if (query.isPending)
    return (
      <Frame>
        <div role="status">
          <Loader type="dots" mb={18} />
          <Heading title={t('verify.busy')} />
        </div>
      </Frame>
    )
  if (query.isError)
    return (
      <Frame>
        <ProblemState problem={query.error} onRetry={() => void query.refetch()} />
      </Frame>
    )
  const { result, signedIn } = query.data
  return (
    <Frame>
      {result === 'dead' ? (
        <Outcome tone="bad" icon={<IconLinkOff />} title={t('link.dead')} text={t('verify.dead_text')}>
          {signedIn ? (
            <Resend />
          ) : (
            <Button component={Link} href="/login?next=%2Fportal" size="md">
              {t('verify.to_login')}
            </Button>
          )}
        </Outcome>
      ) : (
        <Outcome
          tone="ok"
          icon={<IconCircleCheck />}
          title={t(`verify.${result}`)}
          text={t(result === 'already' ? 'verify.already_text' : 'verify.verified_text')}
        >
          <Button component="a" href={signedIn ? '/portal' : '/login?next=%2Fportal'} size="md">
            {t(signedIn ? 'verify.to_portal' : 'verify.to_login')}
          </Button>
        </Outcome>
      )}
    </Frame>
  )
}

function Resend() {
  const { t } = useTranslation()
  const resend = useMutation({ mutationFn: () => http.post<void>('/v1/auth/resend-verification') })
  if (resend.isSuccess)
    return (
      <Button size="md" variant="light" color="teal" leftSection={<IconMailForward size={18} />} disabled>
        {t('verify.resent')}
      </Button>
    )
  return (
    <>
      <ProblemAlert problem={resend.error} />
      <Button size="md" loading={resend.isPending} onClick={() => resend.mutate()}>
        {t('verify.resend')}
      </Button>
    </>
  )
}
