// Where one is signed in, and an end to what is not one's own.
import { Button } from '@mantine/core'
import { IconDeviceDesktop, IconDeviceMobile } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SignedInSession } from 'client/types'
import { notifyProblem, ProblemState } from 'ui/ProblemAlert'
import { RelativeTime } from 'ui/RelativeTime'
import { http, useMe } from 'ui/session'
import { useOwnSessions, useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { Card, RowsSkeleton } from '../shell/Page'
import { Tag } from '../shell/Tag'
import { placeWords } from './place'
import css from './Security.module.css'

const HANDHELD = ['iPhone', 'iPad', 'Android']

export function Sessions() {
  const { t } = useTranslation()
  const sessions = useOwnSessions()
  const refresh = useRefresh()
  const [asking, setAsking] = useState(false)
  const others = sessions.data?.filter((session) => !session.current) ?? []
  return (
    <Card
      flush
      title={t('sessions.title')}
      text={t('sessions.text')}
      aside={
        others.length > 0 && (
          <Button size="xs" variant="default" onClick={() => setAsking(true)}>
            {t('sessions.end_others')}
          </Button>
        )
      }
    >
      {sessions.isPending && <RowsSkeleton rows={2} />}
      {sessions.isError && <ProblemState problem={sessions.error} onRetry={() => void sessions.refetch()} />}
      <ul className={css.list}>
        {sessions.data?.map((session) => (
          <Row key={session.id} session={session} />
        ))}
      </ul>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('sessions.end_others')}
        text={t('sessions.end_others_text', { count: others.length })}
        action={t('sessions.end_others')}
        danger
        onConfirm={async () => {
          await http.delete('/v1/auth/sessions')
          await refresh('sessions')
        }}
      />
    </Card>
  )
}

function Row({ session }: { session: SignedInSession }) {
  const { t, i18n } = useTranslation()
  const me = useMe()
  const refresh = useRefresh()
  const [busy, setBusy] = useState(false)
  const { browser, system } = session.device
  const device =
    browser && system ? t('sessions.device', { browser, system }) : (browser ?? system ?? t('sessions.unknown_device'))
  const place = placeWords(session.time_zone, i18n.language)

  async function end(): Promise<void> {
    setBusy(true)
    try {
      await http.delete(`/v1/auth/sessions/${encodeURIComponent(session.id)}`)
      await refresh('sessions')
    } catch (problem) {
      notifyProblem(t, problem)
      setBusy(false)
    }
  }

  return (
    <li className={css.row}>
      <span className={css.icon} data-on={session.current || undefined} aria-hidden>
        {HANDHELD.includes(system ?? '') ? (
          <IconDeviceMobile size={18} stroke={1.7} />
        ) : (
          <IconDeviceDesktop size={18} stroke={1.7} />
        )}
      </span>
      <div className={css.body}>
        <div className={css.name}>
          {device}
          {session.current && <Tag tone="ok">{t('sessions.current')}</Tag>}
          {session.account_id !== me.account.id && <Tag>{session.account_name}</Tag>}
        </div>
        <div className={css.meta}>
          {place && <>{place} · </>}
          {t(`sessions.by.${session.method}`)}
          {' · '}
          {t('sessions.seen')} <RelativeTime at={session.last_seen_at} />
        </div>
      </div>
      {!session.current && (
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          loading={busy}
          aria-label={t('sessions.end_label', { device })}
          onClick={() => void end()}
        >
          {t('sessions.end')}
        </Button>
      )}
    </li>
  )
}
