// One who waits: who, for how long, what they need, what was eased already, and the ways to give them to somebody.
import { ActionIcon, Badge, Button, Menu, Tooltip } from '@mantine/core'
import { IconChevronDown, IconCrown, IconExternalLink, IconGripVertical, IconMail } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Demand, QueueTicket } from 'client/types'
import { PersonAvatar } from 'ui/PersonAvatar'
import { useMe } from 'ui/session'
import { contactName } from '../data/conversations'
import { useSkills } from '../data/queries'
import { clockOf, useTold } from './duration'
import { bestFirst, loadOf, unfit, waited, type Seat } from './fit'
import css from './Ticket.module.css'

export function Ticket(props: {
  ticket: QueueTicket
  seats: readonly Seat[]
  /** The server's time. */
  now: number
  late: boolean
  /** Whether its line is; while it is closed, visitors are told when it opens instead of how long it takes. */
  open: boolean
  onOpen: () => void
  onGive: (seat: Pick<Seat, 'agent_id' | 'name'>) => void
  onDrag: (ticket: QueueTicket | null) => void
}) {
  const { t } = useTranslation()
  const me = useMe().agent
  const told = useTold()(props.ticket.estimate)
  const { ticket, now } = props
  const name = contactName(ticket.contact) ?? t('contact.visitor', { number: ticket.number })
  const [dragging, setDragging] = useState(false)

  return (
    <li
      className={css.row}
      data-late={props.late || undefined}
      data-dragging={dragging || undefined}
      draggable
      onDragStart={(event) => {
        event.dataTransfer.effectAllowed = 'move'
        event.dataTransfer.setData('text/plain', `#${ticket.number}`)
        setDragging(true)
        props.onDrag(ticket)
      }}
      onDragEnd={() => {
        setDragging(false)
        props.onDrag(null)
      }}
    >
      <IconGripVertical size={15} className={css.grip} aria-hidden />
      <span className={css.position} title={t('queue.position')}>
        {ticket.patient ? <IconMail size={15} aria-label={t('queue.patient')} /> : ticket.position}
      </span>
      <PersonAvatar name={contactName(ticket.contact)} seed={ticket.contact.id} size={32} />
      <div className={css.who}>
        <div className={css.name}>
          <button type="button" onClick={props.onOpen} className="fd-truncate">
            {name}
          </button>
          {contactName(ticket.contact) && <span className={css.number}>#{ticket.number}</span>}
          {ticket.vip && (
            <Badge size="sm" variant="light" color="amber" leftSection={<IconCrown size={11} aria-hidden />}>
              VIP
            </Badge>
          )}
          {ticket.reason !== 'new' && (
            <Badge size="sm" variant="default">
              {t(`queue.reason.${ticket.reason}`)}
            </Badge>
          )}
        </div>
        <p className={css.needs}>
          <Needs required={ticket.required} preferred={ticket.preferred} />
          <Eased ticket={ticket} now={now} />
          {ticket.turned_away && <span>{t('queue.turned_away')}</span>}
          {ticket.patient && !ticket.turned_away && <span>{t('queue.patient')}</span>}
          {told && !ticket.patient && props.open && <span>{told}</span>}
        </p>
      </div>
      <Offered ticket={ticket} seats={props.seats} now={now} />
      <time className={css.waited} title={t('queue.waiting_for')}>
        {clockOf(waited(ticket, now))}
      </time>
      <div className={css.actions}>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => props.onGive({ agent_id: me.id, name: me.name })}
          aria-label={t('queue.take_of', { name })}
        >
          {t('queue.take')}
        </Button>
        <Give ticket={ticket} seats={props.seats} name={name} onGive={props.onGive} />
        <Tooltip label={t('queue.open')}>
          <ActionIcon onClick={props.onOpen} aria-label={t('queue.open_of', { name })}>
            <IconExternalLink size={16} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </div>
    </li>
  )
}

/** The same as dragging, for keyboards and fingers. */
function Give(props: { ticket: QueueTicket; seats: readonly Seat[]; name: string; onGive: (seat: Seat) => void }) {
  const { t } = useTranslation()
  const { ticket } = props
  return (
    <Menu position="bottom-end" width={268} withinPortal>
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="default"
          rightSection={<IconChevronDown size={14} aria-hidden />}
          aria-label={t('queue.give_of', { name: props.name })}
        >
          {t('queue.give')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={320} style={{ overflowY: 'auto' }}>
        <Menu.Label>{t('queue.give_to')}</Menu.Label>
        {bestFirst(props.seats, ticket).map((seat) => {
          const why = unfit(ticket, seat)
          return (
            <Menu.Item
              key={seat.agent_id}
              onClick={() => props.onGive(seat)}
              leftSection={
                <PersonAvatar name={seat.name} seed={seat.agent_id} size={24} availability={seat.availability} />
              }
              rightSection={<span className={css.load}>{loadOf(seat)}</span>}
            >
              {seat.name}
              {why && <span className={css.unfit}>{t(`queue.unfit.${why}`)}</span>}
            </Menu.Item>
          )
        })}
        {props.seats.length === 0 && <Menu.Label>{t('queue.no_agents')}</Menu.Label>}
      </Menu.Dropdown>
    </Menu>
  )
}

function Needs({ required, preferred }: { required: readonly Demand[]; preferred: readonly Demand[] }) {
  const { t } = useTranslation()
  const skills = useSkills(required.length + preferred.length > 0)
  const word = ({ skill_id: id, level }: Demand) =>
    t('queue.skill', { name: skills.data?.find((skill) => skill.id === id)?.name ?? '…', level })
  return (
    <>
      {required.map((demand) => (
        <span key={demand.skill_id} className={css.required}>
          <span className="fd-sr">{t('queue.required')} </span>
          {word(demand)}
        </span>
      ))}
      {preferred.map((demand) => (
        <span key={demand.skill_id} className={css.preferred}>
          <span className="fd-sr">{t('queue.preferred')} </span>
          {word(demand)}
        </span>
      ))}
    </>
  )
}

/** The rungs of the ladder: how many were taken, and when the next one comes. */
function Eased({ ticket, now }: { ticket: QueueTicket; now: number }) {
  const { t } = useTranslation()
  const { step, steps, next_step_at: next } = ticket
  const left = next ? (Date.parse(next) - now) / 1000 : null
  return (
    <>
      {step > 0 && <span className={css.eased}>{t('queue.eased', { step, steps })}</span>}
      {left !== null && left > 0 && <span>{t('queue.next_step', { time: clockOf(left) })}</span>}
    </>
  )
}

function Offered({ ticket, seats, now }: { ticket: QueueTicket; seats: readonly Seat[]; now: number }) {
  const { t } = useTranslation()
  const { offered_to: to, offered_until: until } = ticket
  if (!to) return null
  const name = seats.find((seat) => seat.agent_id === to)?.name ?? '…'
  const left = until ? Math.max(0, (Date.parse(until) - now) / 1000) : null
  return (
    <span className={css.offered}>
      {t('queue.offered', { name })}
      {left !== null && <b>{clockOf(left)}</b>}
    </span>
  )
}
