// What to do for each of the first steps.
import { Anchor, Button, Group } from '@mantine/core'
import { IconArrowUpRight, IconCircleCheck, IconMailCheck, IconMessages, IconUserPlus } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Inbox } from 'client/types'
import { useMe } from 'ui/session'
import { ScriptTag } from '../inboxes/ScriptTag'
import { useResend } from '../shell/VerifyBanner'
import css from './StepBody.module.css'
import type { Step } from './steps'

export const demoUrl = (inbox: Inbox, language: string) =>
  `/demo?key=${encodeURIComponent(inbox.key)}&lang=${encodeURIComponent(language)}`

export function StepBody(props: { step: Step; done: boolean; inbox: Inbox | undefined; onInvite: () => void }) {
  const { step, done, inbox, onInvite } = props
  const { t, i18n } = useTranslation()
  const me = useMe()
  const resend = useResend()
  const demo = inbox ? demoUrl(inbox, i18n.language) : '/demo'

  switch (step) {
    case 'verify':
      return (
        <>
          <p className={css.text}>{t('steps.verify.text', { email: me.user.email })}</p>
          {done ? (
            <State done text={t('steps.verify.done')} />
          ) : (
            <Group gap="sm">
              <Button
                size="xs"
                variant="default"
                loading={resend.isPending}
                disabled={resend.isSuccess}
                leftSection={resend.isSuccess ? <IconMailCheck size={15} /> : null}
                onClick={() => resend.mutate()}
              >
                {t(resend.isSuccess ? 'verify.sent' : 'verify.resend')}
              </Button>
              <State text={t('steps.verify.waiting')} />
            </Group>
          )}
        </>
      )
    case 'install':
      return (
        <>
          <p className={css.text}>{t('steps.install.text')}</p>
          {inbox && <ScriptTag inboxKey={inbox.key} />}
          <State done={done} text={t(done ? 'steps.install.done' : 'steps.install.waiting')} />
          <p className={css.aside}>
            {t('steps.install.nowhere')}{' '}
            <Anchor href={demo} target="_blank" inherit>
              {t('steps.install.demo')}
            </Anchor>
          </p>
        </>
      )
    case 'hello':
      return (
        <>
          <p className={css.text}>{t('steps.hello.text')}</p>
          <Group gap="sm">
            <Button
              component="a"
              href={demo}
              target="_blank"
              size="xs"
              rightSection={<IconArrowUpRight size={15} aria-hidden />}
            >
              {t('steps.hello.action')}
            </Button>
            <State done={done} text={t(done ? 'steps.hello.done' : 'steps.hello.waiting')} />
          </Group>
        </>
      )
    case 'answer':
      return (
        <>
          <p className={css.text}>{t('steps.answer.text')}</p>
          <Group gap="sm">
            <Button
              component="a"
              href="/console"
              target="_blank"
              size="xs"
              leftSection={<IconMessages size={15} aria-hidden />}
            >
              {t('nav.console')}
            </Button>
            <State done={done} text={t(done ? 'steps.answer.done' : 'steps.answer.waiting')} />
          </Group>
        </>
      )
    case 'invite':
      return (
        <>
          <p className={css.text}>{t('steps.invite.text')}</p>
          <Group gap="sm">
            <Button size="xs" leftSection={<IconUserPlus size={15} aria-hidden />} onClick={onInvite}>
              {t('team.invite')}
            </Button>
            {done && <State done text={t('steps.invite.done')} />}
          </Group>
        </>
      )
  }
}

/** Waiting, with a pulse; then done, in green. Turns by itself. */
export function State({ done, text }: { done?: boolean; text: string }) {
  return (
    <p className={css.state} data-done={done || undefined} role="status">
      {done ? <IconCircleCheck size={17} aria-hidden /> : <i aria-hidden className={css.pulse} />}
      {text}
    </p>
  )
}
