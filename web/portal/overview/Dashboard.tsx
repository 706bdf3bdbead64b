// How the desk is doing: what waits, what came in, how people liked it, and who is there.
import { Anchor, Button, Skeleton } from '@mantine/core'
import { IconMessages, IconRocket, IconStar } from '@tabler/icons-react'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { EmptyState } from 'ui/EmptyState'
import { PRESENCE_RANK } from 'ui/person'
import { PersonAvatar } from 'ui/PersonAvatar'
import { ProblemState } from 'ui/ProblemAlert'
import { useCan, useMe } from 'ui/session'
import { useAgents, useCounts, useRatings, useRatingsSummary, useUsage } from '../data/api'
import { RatingRow, Stars } from '../ratings/RatingRow'
import { Card, Page, RowsSkeleton, Stack } from '../shell/Page'
import { wholeNumber } from '../usage/amounts'
import { DailyChart } from '../usage/DailyChart'
import { periodOf } from '../usage/periods'
import css from './Dashboard.module.css'

const LOOK_EVERY_MS = 20_000

export function Dashboard({ onFirstSteps }: { onFirstSteps?: () => void }) {
  const { t, i18n } = useTranslation()
  const me = useMe()
  const counts = useCounts({ every: LOOK_EVERY_MS })
  const usage = useUsage(periodOf(new Date()), { every: LOOK_EVERY_MS })
  const seesRatings = useCan('surveys.read')
  const ratings = useRatingsSummary({ enabled: seesRatings, every: LOOK_EVERY_MS })
  const conversations = usage.data?.meters.find((meter) => meter.meter === 'conversations')

  return (
    <Page
      wide
      title={t('dashboard.title')}
      text={t('dashboard.text', { company: me.account.name })}
      actions={
        <>
          {onFirstSteps && (
            <Button variant="default" leftSection={<IconRocket size={16} />} onClick={onFirstSteps}>
              {t('dashboard.first_steps')}
            </Button>
          )}
          <Button component="a" href="/console" leftSection={<IconMessages size={16} />}>
            {t('nav.console')}
          </Button>
        </>
      }
    >
      <Stack>
        <div className={css.figures}>
          <Figure
            label={t('dashboard.open')}
            href="/console/open"
            query={counts}
            value={counts.data && wholeNumber(counts.data.all_open, i18n.language)}
            note={t('dashboard.open_note', { count: counts.data?.mine ?? 0 })}
          />
          <Figure
            label={t('dashboard.unassigned')}
            href="/console/unassigned"
            query={counts}
            value={counts.data && wholeNumber(counts.data.unassigned, i18n.language)}
            note={t(counts.data?.unassigned ? 'dashboard.unassigned_some' : 'dashboard.unassigned_none')}
            alert={Boolean(counts.data?.unassigned)}
          />
          <Figure
            label={t('dashboard.month')}
            query={usage}
            value={conversations && wholeNumber(conversations.used, i18n.language)}
            note={
              conversations?.limit
                ? t('dashboard.month_limit', { limit: wholeNumber(conversations.limit, i18n.language) })
                : t('dashboard.month_free')
            }
          />
          {seesRatings && (
            <Figure
              label={t('dashboard.rating')}
              query={ratings}
              value={
                ratings.data?.average ? (
                  <>
                    {ratings.data.average.toFixed(1)} <Stars rating={ratings.data.average} size={16} />
                  </>
                ) : (
                  '–'
                )
              }
              note={t('dashboard.rating_note', { count: ratings.data?.count ?? 0 })}
            />
          )}
        </div>
        <div className={css.columns}>
          <Card title={t('dashboard.daily')} text={t('dashboard.daily_text')}>
            {usage.isPending && <Skeleton height={220} radius={10} />}
            {usage.isError && <ProblemState compact problem={usage.error} onRetry={() => void usage.refetch()} />}
            {conversations && (
              <DailyChart days={conversations.daily} label={t('meter.conversations')} height={220} of="conversations" />
            )}
          </Card>
          <WhoIsHere />
        </div>
        {seesRatings && <LatestRatings />}
      </Stack>
    </Page>
  )
}

function Figure(props: {
  label: string
  value: ReactNode
  note: string
  href?: string
  alert?: boolean
  query: UseQueryResult
}) {
  const { t } = useTranslation()
  const body = (
    <>
      <span className={css.label}>{props.label}</span>
      {props.query.isPending ? (
        <Skeleton height={30} width={70} my={4} />
      ) : (
        <span className={css.value}>{props.query.isError ? '–' : props.value}</span>
      )}
      <span className={css.note} data-alert={props.alert || undefined}>
        {props.query.isError ? t('dashboard.unknown') : props.query.isPending ? ' ' : props.note}
      </span>
    </>
  )
  if (!props.href) return <div className={css.figure}>{body}</div>
  return (
    <a className={css.figure} href={props.href}>
      {body}
    </a>
  )
}

function WhoIsHere() {
  const { t } = useTranslation()
  const agents = useAgents({ every: LOOK_EVERY_MS })
  const team = (agents.data ?? [])
    .filter((agent) => !agent.disabled_at)
    .sort((a, b) => PRESENCE_RANK[a.availability] - PRESENCE_RANK[b.availability] || a.name.localeCompare(b.name))
  const online = team.filter((agent) => agent.availability === 'online').length

  return (
    <Card
      flush
      title={t('dashboard.here')}
      text={agents.data && t('dashboard.here_text', { count: online, all: team.length })}
    >
      {agents.isPending && <RowsSkeleton rows={3} />}
      {agents.isError && <ProblemState compact problem={agents.error} onRetry={() => void agents.refetch()} />}
      <ul className={css.people}>
        {team.slice(0, 6).map((agent) => (
          <li key={agent.id}>
            <PersonAvatar name={agent.name} seed={agent.id} size={32} availability={agent.availability} />
            <span className={css.person}>
              <span className="fd-truncate">{agent.name}</span>
              <small>{t(`availability.${agent.availability}`)}</small>
            </span>
            <span className={css.load} title={t('dashboard.load')}>
              {agent.open_conversations} / {agent.capacity}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

function LatestRatings() {
  const { t } = useTranslation()
  const ratings = useRatings()
  const all = ratings.data?.pages[0]?.data ?? []
  const spoken = all.filter((rating) => rating.comment)
  const shown = [...spoken, ...all.filter((rating) => !rating.comment)].slice(0, 3)
  return (
    <Card
      flush
      title={t('dashboard.latest')}
      aside={
        all.length > 0 && (
          <Anchor component={Link} href="/ratings" size="sm">
            {t('dashboard.all_ratings')}
          </Anchor>
        )
      }
    >
      {ratings.isPending && <RowsSkeleton rows={2} />}
      {ratings.isError && <ProblemState compact problem={ratings.error} onRetry={() => void ratings.refetch()} />}
      {ratings.isSuccess && shown.length === 0 && (
        <EmptyState compact icon={<IconStar />} title={t('ratings.empty')} text={t('ratings.empty_text')} />
      )}
      <ul className={css.ratings}>
        {shown.map((rating) => (
          <RatingRow key={`${rating.conversation_id}${rating.episode}`} rating={rating} />
        ))}
      </ul>
    </Card>
  )
}
