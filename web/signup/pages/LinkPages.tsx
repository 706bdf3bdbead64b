// Two links of letters that do one thing and say so: a new address, and a company's domain.
import { Button, Loader } from '@mantine/core'
import { IconCircleCheck, IconLinkOff } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { ApiProblem } from 'client/http'
import type { DomainProven } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { linkToken } from '../next'
import { Frame, Heading, Outcome } from '../parts/Frame'
import { useTitle } from './useTitle'

/** Mail programs open links ahead of their readers: what counts is a click here. */
function OneClick<T>(props: {
  title: string
  text: string
  action: string
  path: string
  done: (answer: T) => ReactNode
}) {
  const { t } = useTranslation()
  const token = linkToken()
  const confirm = useMutation({
    mutationFn: () => http.post<T>(props.path, { token }, { auth: false }),
  })
  const dead = !token || (confirm.error instanceof ApiProblem && confirm.error.status === 404)
  if (dead) {
    return (
      <Outcome tone="bad" icon={<IconLinkOff />} title={t('link.dead')} text={t('link.dead_text')}>
        <Button component={Link} href="/login" size="md" variant="default">
          {t('invite.to_login')}
        </Button>
      </Outcome>
    )
  }
  if (confirm.isSuccess) return props.done(confirm.data)
  return (
    <>
      <Heading title={props.title} text={props.text} />
      <ProblemAlert problem={confirm.error} />
      <Button size="md" fullWidth autoFocus loading={confirm.isPending} onClick={() => confirm.mutate()}>
        {confirm.isPending ? <Loader size="sm" /> : props.action}
      </Button>
    </>
  )
}

export function EmailPage() {
  const { t } = useTranslation()
  useTitle('new_email.title')
  return (
    <Frame>
      <OneClick<void>
        title={t('new_email.title')}
        text={t('new_email.text')}
        action={t('new_email.action')}
        path="/v1/auth/email/confirm"
        done={() => (
          <Outcome tone="ok" icon={<IconCircleCheck />} title={t('new_email.done')} text={t('new_email.done_text')}>
            <Button component="a" href="/portal" size="md">
              {t('verify.to_portal')}
            </Button>
          </Outcome>
        )}
      />
    </Frame>
  )
}

export function DomainPage() {
  const { t } = useTranslation()
  useTitle('domain.title')
  return (
    <Frame>
      <OneClick<DomainProven>
        title={t('domain.title')}
        text={t('domain.text')}
        action={t('domain.action')}
        path="/v1/account/sso/domains/confirm"
        done={(proven) => (
          <Outcome
            tone="ok"
            icon={<IconCircleCheck />}
            title={t('domain.done', { domain: proven.domain })}
            text={t('domain.done_text', { company: proven.account_name })}
          />
        )}
      />
    </Frame>
  )
}
