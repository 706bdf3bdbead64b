// The queue as it is now: who waits for what and for how long, who has room, and a way to bring the two together by hand.
import { Skeleton } from '@mantine/core'
import { IconAlertTriangle, IconMoodSmile } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { EmptyState } from 'ui/EmptyState'
import { notifyProblem, ProblemState } from 'ui/ProblemAlert'
import { useCan } from 'ui/session'
import { NavButton } from 'ui/Shell'
import type { QueueBoard as Board, QueueTicket } from 'client/types'
import { useAgents, useDesk } from '../data/context'
import { useBoard, useTeams } from '../data/queries'
import { usePlace } from '../route'
import { clockOf, useServerSecond } from './duration'
import { alarms, hasRoom, linesOf, longestWait, seatsOf, waited, type Seat } from './fit'
import css from './QueueBoard.module.css'
import { Seats } from './Seats'
import { Thresholds } from './Thresholds'
import { Ticket } from './Ticket'
import { useKeptFocus } from './useKeptFocus'

export function QueueBoard() {
  const { t } = useTranslation()
  const board = useBoard()
  const title = t('queue.title')

  return (
    <section className={css.root} aria-label={title}>
      {board.data ? (
        <Loaded board={board.data} />
      ) : (
        <>
          <header className={css.header}>
            <NavButton />
            <h1>{title}</h1>
          </header>
          {board.isError ? (
            <ProblemState problem={board.error} onRetry={() => void board.refetch()} />
          ) : (
            <div className={css.loading} role="status" aria-label={t('common.loading')}>
              {[0, 1, 2, 3].map((row) => (
                <Skeleton key={row} height={62} radius="md" />
              ))}
            </div>
          )}
        </>
      )}
    </section>
  )
}

function Loaded({ board }: { board: Board }) {
  const { t } = useTranslation()
  const desk = useDesk()
  const { go } = usePlace()
  const teams = useTeams()
  const now = useServerSecond()
  const manages = useCan('routing.manage')
  const [dragged, setDragged] = useState<QueueTicket | null>(null)
  const [said, setSaid] = useState('')
  const live = board.waiting.filter((ticket) => !ticket.patient)
  const longest = longestWait(live, now)
  const seats = seatsOf(board, useAgents())
  const free = seats.filter(hasRoom).length
  const lines = linesOf(board)
  const kept = useKeptFocus()
  const nameOf = (teamId: string | null) =>
    teamId === null
      ? t(board.teams.some((team) => team.team_id !== null) ? 'queue.no_team' : 'queue.one_line')
      : (teams.data?.find((team) => team.id === teamId)?.name ?? '…')

  function give(ticket: QueueTicket, seat: Pick<Seat, 'agent_id' | 'name'>): void {
    desk.assign(ticket.conversation_id, seat.agent_id).then(
      () => setSaid(t('queue.given', { number: ticket.number, name: seat.name })),
      (problem: unknown) => notifyProblem(t, problem),
    )
  }

  return (
    <>
      <header className={css.header}>
        <NavButton />
        <h1>{t('queue.title')}</h1>
        <dl className={css.figures}>
          <Figure label={t('queue.waiting')} value={String(live.length)} />
          <Figure label={t('queue.longest')} value={longest === null ? '–' : clockOf(longest)} />
          <Figure label={t('queue.free')} value={String(free)} />
        </dl>
        {manages && <Thresholds thresholds={board.thresholds} />}
      </header>
      <div role="alert" className={css.alarms}>
        {alarms(board, now).map(({ kind, limit }) => (
          <p key={kind}>
            <IconAlertTriangle size={16} aria-hidden />
            {kind === 'waiting'
              ? // Without how many there are, or it would be read out anew with every arrival.
                t('queue.alarm_waiting', { limit })
              : // Without its seconds, or it would be read out anew with every one of them.
                t('queue.alarm_longest', { limit: clockOf(limit) })}
          </p>
        ))}
      </div>
      <span className="fd-sr" role="status">
        {said}
      </span>
      <div className={css.columns}>
        <div className={`${css.lines} fd-scroll`} {...kept}>
          {board.waiting.length === 0 && (
            <EmptyState icon={<IconMoodSmile />} title={t('queue.empty')} text={t('queue.empty_text')} />
          )}
          {lines.map(({ teamId, tickets }) => {
            const team = board.teams.find((each) => each.team_id === teamId)
            return (
              <section key={teamId ?? ''} className={css.line}>
                <h2>
                  {nameOf(teamId)}
                  {team && !team.open && <span className={css.closed}>{t('queue.closed')}</span>}
                  {team && (
                    <span className={css.state}>
                      {t('queue.staffed', { count: team.staffed })} · {t('queue.places', { count: team.free })}
                    </span>
                  )}
                </h2>
                {tickets.length === 0 ? (
                  board.waiting.length > 0 && <p className={css.nobody}>{t('queue.nobody')}</p>
                ) : (
                  <ol className={css.tickets}>
                    {tickets.map((ticket) => (
                      <Ticket
                        key={ticket.conversation_id}
                        ticket={ticket}
                        seats={seats}
                        now={now}
                        late={late(board, ticket, now)}
                        open={team?.open !== false}
                        onOpen={() => go({ view: 'unassigned', conversationId: ticket.conversation_id })}
                        onGive={(seat) => give(ticket, seat)}
                        onDrag={setDragged}
                      />
                    ))}
                  </ol>
                )}
              </section>
            )
          })}
        </div>
        <Seats
          seats={seats}
          dragged={dragged}
          onDrop={(seat) => {
            if (dragged) give(dragged, seat)
            setDragged(null)
          }}
        />
      </div>
    </>
  )
}

function late({ thresholds }: Board, ticket: QueueTicket, now: number): boolean {
  return thresholds.longest_seconds !== null && !ticket.patient && waited(ticket, now) > thresholds.longest_seconds
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}
