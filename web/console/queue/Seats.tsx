// Who could take somebody: everyone's room and skills. Whoever waits may be dropped on them.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { QueueTicket } from 'client/types'
import { PersonAvatar } from 'ui/PersonAvatar'
import { useAgents } from '../data/context'
import { useSkills, useTeams } from '../data/queries'
import { useReasonWords } from '../shell/reasons'
import { bestFirst, hasRoom, loadOf, unfit, type Seat } from './fit'
import css from './Seats.module.css'

export function Seats(props: { seats: readonly Seat[]; dragged: QueueTicket | null; onDrop: (seat: Seat) => void }) {
  const { t } = useTranslation()
  const [over, setOver] = useState<string | null>(null)
  const { dragged } = props
  return (
    <aside className={`${css.root} fd-scroll`} aria-label={t('queue.agents')}>
      <h2>{t('queue.agents')}</h2>
      <ul className={css.list}>
        {bestFirst(props.seats, dragged).map((seat) => (
          <li
            key={seat.agent_id}
            className={css.seat}
            data-over={over === seat.agent_id || undefined}
            data-fits={dragged ? String(unfit(dragged, seat) === null) : undefined}
            onDragOver={(event) => {
              if (!dragged) return
              event.preventDefault()
              event.dataTransfer.dropEffect = 'move'
              setOver(seat.agent_id)
            }}
            onDragLeave={() => setOver((now) => (now === seat.agent_id ? null : now))}
            onDrop={(event) => {
              event.preventDefault()
              setOver(null)
              props.onDrop(seat)
            }}
          >
            <Person seat={seat} dragged={dragged} />
          </li>
        ))}
      </ul>
      {props.seats.length === 0 && <p className={css.none}>{t('queue.no_agents')}</p>}
    </aside>
  )
}

function Person({ seat, dragged }: { seat: Seat; dragged: QueueTicket | null }) {
  const { t } = useTranslation()
  const agents = useAgents()
  const skills = useSkills()
  const teams = useTeams()
  const reasonWords = useReasonWords()
  const agent = agents.find((each) => each.id === seat.agent_id)
  const why = dragged ? unfit(dragged, seat) : null
  const state =
    seat.availability !== 'online'
      ? [t(`availability.${seat.availability}`), reasonWords(agent?.away_reason ?? null)].filter(Boolean).join(' · ')
      : t(hasRoom(seat) ? 'queue.has_room' : 'queue.is_full')
  const named = Object.entries(seat.skills).flatMap(([id, level]) => {
    const name = skills.data?.find((skill) => skill.id === id)?.name
    return name ? [t('queue.skill', { name, level })] : []
  })
  const groups = seat.team_ids.flatMap((id) => teams.data?.find((team) => team.id === id)?.name ?? [])
  return (
    <>
      <PersonAvatar name={seat.name} seed={seat.agent_id} size={32} availability={seat.availability} />
      <div className={css.who}>
        <div className={css.top}>
          <b className="fd-truncate">{seat.name}</b>
          <span className={css.load} title={t('assign.load')}>
            {loadOf(seat)}
          </span>
        </div>
        <div className={css.bar} aria-hidden>
          <i
            style={{ width: `${Math.min(100, seat.capacity > 0 ? (seat.load / seat.capacity) * 100 : 100)}%` }}
            data-full={!hasRoom(seat) || undefined}
          />
        </div>
        <p className={css.state} data-unfit={why ?? undefined}>
          {why ? t(`queue.unfit.${why}`) : state}
        </p>
        {(groups.length > 0 || named.length > 0) && (
          <p className={css.more} title={[...groups, ...named].join(', ')}>
            {[...groups, ...named].join(', ')}
          </p>
        )}
      </div>
    </>
  )
}
