// Where a colleague is signed in in this company, and an end to one browser or to all of them.
import { Button, Group } from '@mantine/core'
import { IconDevices } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Agent } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useRefresh, useSessionsOf } from '../data/api'
import security from '../security/Security.module.css'
import { SessionRow } from '../security/SessionRow'
import { Confirm } from '../shell/Confirm'
import { Dialog } from '../shell/Dialog'
import { RowsSkeleton } from '../shell/Page'
import css from './Team.module.css'

export function MemberSessions(props: { agent: Agent; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <Dialog
      opened={props.opened}
      onClose={props.onClose}
      title={t('team.sessions_title', { name: props.agent.name })}
      size={560}
    >
      <Devices agent={props.agent} onClose={props.onClose} />
    </Dialog>
  )
}

function Devices({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const { t } = useTranslation()
  const sessions = useSessionsOf(agent.id)
  const refresh = useRefresh()
  const [asking, setAsking] = useState(false)
  const path = `/v1/agents/${encodeURIComponent(agent.id)}/sessions`
  const count = sessions.data?.length ?? 0

  async function end(which = ''): Promise<void> {
    await http.delete(path + which)
    await refresh(`sessions ${agent.id}`, 'agents', 'audit')
  }

  return (
    <>
      <p className={security.note}>{t('team.sessions_text')}</p>
      {sessions.isPending && <RowsSkeleton rows={2} />}
      {sessions.isError && <ProblemState compact problem={sessions.error} onRetry={() => void sessions.refetch()} />}
      {sessions.isSuccess && count === 0 && (
        <EmptyState icon={<IconDevices />} title={t('team.sessions_none', { name: agent.name })} />
      )}
      <ul className={`${security.list} ${css.devices}`}>
        {sessions.data?.map((session) => (
          <SessionRow
            key={session.id}
            session={session}
            onEnd={() => end(`/${encodeURIComponent(session.id)}`)}
          />
        ))}
      </ul>
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={onClose}>
          {t('common.close')}
        </Button>
        {count > 1 && (
          <Button color="red.9" onClick={() => setAsking(true)}>
            {t('team.sessions_end_all')}
          </Button>
        )}
      </Group>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('team.sessions_end_all_title', { name: agent.name })}
        text={t('team.sessions_end_all_text', { count, name: agent.name })}
        action={t('team.sessions_end_all')}
        danger
        onConfirm={() => end()}
      />
    </>
  )
}
