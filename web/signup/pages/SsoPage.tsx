// Back from the company's own page, with a code that is worth who one is. It is used once, and gone from the address at once.
import { Button, Loader } from '@mantine/core'
import { IconShieldX } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { ApiProblem } from 'client/http'
import type { SessionBody } from 'client/types'
import { problemText } from 'ui/problem'
import { http, session } from 'ui/session'
import { rememberedNext } from '../next'
import { Frame, Heading, Outcome } from '../parts/Frame'
import { useTitle } from './useTitle'

const params = new URLSearchParams(location.search)
const arrival = { state: params.get('state') ?? '', code: params.get('code') ?? '' }
/** A second use of the code would fail: the page asks once, however often it is drawn. */
let asked: Promise<SessionBody> | null = null

function ask(): Promise<SessionBody> {
  if (!arrival.code) return Promise.reject(new ApiProblem({ code: 'sso_refused', status: 401 }))
  return http.post<SessionBody>('/v1/auth/sso/finish', arrival, { auth: false })
}

export function SsoPage() {
  const { t } = useTranslation()
  useTitle('company.title')
  const [problem, setProblem] = useState<unknown>(null)
  useEffect(() => {
    history.replaceState(null, '', '/login/sso')
    asked ??= ask()
    asked.then(
      (body) => {
        session.adopt(body)
        location.replace(rememberedNext())
      },
      (failure: unknown) => setProblem(failure),
    )
  }, [])

  return (
    <Frame>
      {problem ? (
        <Outcome tone="bad" icon={<IconShieldX />} title={t('company.failed')} text={problemText(t, problem)}>
          <Button component={Link} href="/login/company" size="md">
            {t('company.again')}
          </Button>
        </Outcome>
      ) : (
        <div role="status">
          <Loader type="dots" mb={18} />
          <Heading title={t('company.arriving')} />
        </div>
      )}
    </Frame>
  )
}
