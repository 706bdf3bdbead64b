// Colleagues, what they may do, and who is about to join.
import { Button } from '@mantine/core'
import { IconUserPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ProblemState } from 'ui/ProblemAlert'
import { useMe } from 'ui/session'
import { useAgents, useInvitations } from '../data/api'
import { Card, Page, RowsSkeleton, Stack } from '../shell/Page'
import { InviteDialog } from './InviteDialog'
import { InvitationRow } from './InvitationRow'
import { MemberRow } from './MemberRow'
import { openInvitations, seats } from './seats'
import css from './Team.module.css'

export function TeamPage() {
  const { t } = useTranslation()
  const { limits, agent: self } = useMe()
  const agents = useAgents({ every: 20_000 })
  const invitations = useInvitations({ every: 30_000 })
  const [inviting, setInviting] = useState(false)
  const team = [...(agents.data ?? [])].sort(
    (a, b) =>
      Number(Boolean(a.disabled_at)) - Number(Boolean(b.disabled_at)) || a.created_at.localeCompare(b.created_at),
  )
  const { taken, limit } = seats(team, invitations.data ?? [], limits.agents)
  const open = openInvitations(invitations.data ?? [], team)

  return (
    <Page
      title={t('nav.team')}
      text={t('team.text')}
      actions={
        <Button leftSection={<IconUserPlus size={16} />} onClick={() => setInviting(true)}>
          {t('team.invite')}
        </Button>
      }
    >
      <Stack>
        <Card
          flush
          title={t('team.members')}
          aside={
            agents.data && (
              <span className={css.seats}>
                {limit === null ? t('team.seats_free', { count: taken }) : t('team.seats', { taken, limit })}
              </span>
            )
          }
        >
          {agents.isPending && <RowsSkeleton />}
          {agents.isError && <ProblemState compact problem={agents.error} onRetry={() => void agents.refetch()} />}
          {agents.data && (
            <div className={css.columns} aria-hidden>
              <span>{t('team.role')}</span>
              <span>{t('team.load')}</span>
            </div>
          )}
          {agents.data && (
            <ul className={css.list}>
              {team.map((agent) => (
                <MemberRow key={agent.id} agent={agent} self={agent.id === self.id} />
              ))}
            </ul>
          )}
        </Card>
        {(open.length > 0 || invitations.isError) && (
          <Card flush title={t('team.invitations')} text={t('team.invitations_text')}>
            {invitations.isError && (
              <ProblemState compact problem={invitations.error} onRetry={() => void invitations.refetch()} />
            )}
            <ul className={css.list}>
              {open.map((invitation) => (
                <InvitationRow key={invitation.id} invitation={invitation} />
              ))}
            </ul>
          </Card>
        )}
        {agents.data && team.length === 1 && open.length === 0 && (
          <Card>
            <div className={css.alone}>
              <div>
                <h2>{t('team.alone')}</h2>
                <p>{t('team.alone_text')}</p>
              </div>
              <Button variant="light" leftSection={<IconUserPlus size={16} />} onClick={() => setInviting(true)}>
                {t('team.invite')}
              </Button>
            </div>
          </Card>
        )}
      </Stack>
      <InviteDialog opened={inviting} onClose={() => setInviting(false)} />
    </Page>
  )
}
