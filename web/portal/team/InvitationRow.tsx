// An invitation on its way: what became of it, and sending it again or taking it back.
import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconMail } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Invitation } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { roleName } from 'ui/role'
import { http } from 'ui/session'
import { date } from 'ui/time'
import { useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { Tag } from '../shell/Tag'
import css from './Team.module.css'

const TONES = { pending: 'accent', expired: 'warn', revoked: 'plain', accepted: 'ok' } as const

export function InvitationRow({ invitation }: { invitation: Invitation }) {
  const { t, i18n } = useTranslation()
  const refresh = useRefresh()
  const [busy, setBusy] = useState(false)
  const [asking, setAsking] = useState(false)
  const pending = invitation.status === 'pending'

  async function sendAgain(): Promise<void> {
    setBusy(true)
    try {
      await http.post<Invitation>('/v1/invitations', { email: invitation.email, role: invitation.role })
      notifications.show({ color: 'teal', message: t('team.sent', { email: invitation.email }) })
      await refresh('invitations')
    } catch (problem) {
      notifyProblem(t, problem)
    } finally {
      setBusy(false)
    }
  }

  return (
    <li className={css.member}>
      <span className={css.letter} aria-hidden>
        <IconMail size={18} stroke={1.7} />
      </span>
      <div className={css.who}>
        <div className={css.name}>
          <span className="fd-truncate">{invitation.email}</span>
        </div>
        <div className={css.email}>
          {roleName(t, invitation)} ·{' '}
          {pending
            ? t('team.valid_until', { date: date(invitation.expires_at, i18n.language, 'day') })
            : t('team.sent_on', { date: date(invitation.created_at, i18n.language, 'day') })}
        </div>
      </div>
      <div className={css.controls}>
        <Tag tone={TONES[invitation.status]}>{t(`team.status.${invitation.status}`)}</Tag>
        <Button size="compact-sm" variant="subtle" loading={busy} onClick={() => void sendAgain()}>
          {t('team.send_again')}
        </Button>
        {pending && (
          <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setAsking(true)}>
            {t('team.revoke')}
          </Button>
        )}
      </div>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('team.revoke_title')}
        text={t('team.revoke_text', { email: invitation.email })}
        action={t('team.revoke')}
        danger
        onConfirm={async () => {
          await http.delete(`/v1/invitations/${encodeURIComponent(invitation.id)}`)
          await refresh('invitations')
        }}
      />
    </li>
  )
}
