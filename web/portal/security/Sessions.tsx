// Where one is signed in, and an end to what is not one's own.
import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ProblemState } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useOwnSessions, useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { Card, RowsSkeleton } from '../shell/Page'
import css from './Security.module.css'
import { SessionRow } from './SessionRow'

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
          <SessionRow
            key={session.id}
            session={session}
            onEnd={async () => {
              await http.delete(`/v1/auth/sessions/${encodeURIComponent(session.id)}`)
              await refresh('sessions')
            }}
          />
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
