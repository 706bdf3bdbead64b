// What is offered to me: rings, counts down, and is taken or left by a key or a click. It takes the keyboard from nobody.
import { Button, Kbd } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { PersonAvatar } from 'ui/PersonAvatar'
import { notifyProblem } from 'ui/ProblemAlert'
import { useDesk, useDeskState } from '../data/context'
import { contactName } from '../data/conversations'
import { useTeams } from '../data/queries'
import type { Offer } from '../data/state'
import { ringForOffers } from '../shell/notifier'
import { ALT, useShortcuts } from '../shell/useShortcuts'
import { Summary } from '../thread/Summary'
import css from './Offers.module.css'

const TICK_MS = 250

export function Offers({ onTaken }: { onTaken: (conversationId: string) => void }) {
  const { t } = useTranslation()
  const desk = useDesk()
  const offers = useDeskState((state) => state.offers)
  const first = offers[0]
  const [said, setSaid] = useState('')

  useEffect(() => ringForOffers(desk, onTaken), [desk, onTaken])
  useEffect(
    () =>
      desk.onOffer(({ conversation, seconds }) => {
        const name = contactName(conversation.contact) ?? t('contact.visitor', { number: conversation.number })
        setSaid(t('offer.said', { name, count: Math.round(seconds), key: `${ALT}+Enter` }))
      }),
    [desk, t],
  )

  // What one hands over stays until it is taken; whether it was is worth a word.
  useEffect(
    () =>
      desk.onAnswer((id, outcome) => {
        const conversation = desk.store.get().conversations.get(id)
        if (!conversation || outcome === 'withdrawn') return
        const name = contactName(conversation.contact) ?? t('contact.visitor', { number: conversation.number })
        notifications.show({
          color: outcome === 'accepted' ? 'teal' : 'yellow',
          message: t(`transfer.${outcome}`, { name }),
          autoClose: 8000,
        })
      }),
    [desk, t],
  )

  function accept(offer: Offer): void {
    const { id } = offer.conversation
    desk.accept(id).then(
      () => onTaken(id),
      (problem: unknown) => notifyProblem(t, problem),
    )
  }

  function decline(offer: Offer): void {
    desk.decline(offer.conversation.id).catch((problem: unknown) => notifyProblem(t, problem))
  }

  useShortcuts({
    'alt+Enter': () => first && !first.busy && accept(first),
    'alt+Backspace': () => first && !first.busy && decline(first),
  })

  return (
    <>
      <div className="fd-sr" role="alert">
        {first ? said : ''}
      </div>
      {offers.length > 0 && (
        <section className={css.stack} aria-label={t('offer.title')}>
          {offers.map((offer, index) => (
            <Card
              key={offer.conversation.id}
              offer={offer}
              first={index === 0}
              onAccept={() => accept(offer)}
              onDecline={() => decline(offer)}
            />
          ))}
        </section>
      )}
    </>
  )
}

function Card(props: { offer: Offer; first: boolean; onAccept: () => void; onDecline: () => void }) {
  const { t } = useTranslation()
  const { conversation, busy, from, summary } = props.offer
  const teams = useTeams()
  const left = useSecondsLeft(props.offer)
  const name = contactName(conversation.contact) ?? t('contact.visitor', { number: conversation.number })
  const team = teams.data?.find((each) => each.id === conversation.team_id)?.name
  return (
    <article className={css.card} data-short={left <= 5 || undefined}>
      <Clock offer={props.offer} left={left} />
      <div className={css.head}>
        <PersonAvatar name={contactName(conversation.contact)} seed={conversation.contact.id} size={36} />
        <div className={css.who}>
          <h2 className="fd-truncate">{name}</h2>
          <p>
            {[from ? t('offer.from', { name: from }) : t('offer.title_one'), team, `#${conversation.number}`]
              .filter(Boolean)
              .join(' · ')}
          </p>
        </div>
        <span className={css.left} aria-hidden>
          {left}
        </span>
      </div>
      {/* What was said last is in the summary, where there is one; a note among colleagues is not. */}
      {conversation.last_message && (!summary?.messages.length || conversation.last_message.private) && (
        <p className={css.text}>{conversation.last_message.text}</p>
      )}
      {summary && (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- so that a keyboard can scroll it
        <div className={css.known} role="group" aria-label={t('summary.title')} tabIndex={0}>
          <Summary summary={summary} />
        </div>
      )}
      <div className={css.actions}>
        <Button
          size="sm"
          onClick={props.onAccept}
          disabled={busy}
          aria-keyshortcuts={props.first ? 'Alt+Enter' : undefined}
        >
          {t('offer.accept')}
          {props.first && <Keys keys={[ALT, '↵']} />}
        </Button>
        <Button
          size="sm"
          variant="default"
          onClick={props.onDecline}
          disabled={busy}
          aria-keyshortcuts={props.first ? 'Alt+Backspace' : undefined}
        >
          {t('offer.decline')}
          {props.first && <Keys keys={[ALT, '⌫']} />}
        </Button>
      </div>
    </article>
  )
}

function Keys({ keys }: { keys: string[] }) {
  return (
    <span className={css.keys} aria-hidden>
      {keys.map((key) => (
        <Kbd key={key}>{key}</Kbd>
      ))}
    </span>
  )
}

/** The time that is left, as a bar that the browser moves by itself. */
function Clock({ offer, left }: { offer: Offer; left: number }) {
  const { t } = useTranslation()
  const bar = useRef<HTMLElement>(null)
  useEffect(() => {
    const remaining = Math.max(0, offer.expiresAt - Date.now())
    const from = Math.min(1, remaining / (offer.seconds * 1000))
    bar.current?.animate?.([{ transform: `scaleX(${from})` }, { transform: 'scaleX(0)' }], {
      duration: remaining,
      fill: 'forwards',
    })
  }, [offer.expiresAt, offer.seconds])
  return (
    <div className={css.clock} role="timer" aria-label={t('offer.left', { count: left })}>
      <i ref={bar} />
    </div>
  )
}

function useSecondsLeft(offer: Offer): number {
  const leftAt = () => Math.max(0, Math.ceil((offer.expiresAt - Date.now()) / 1000))
  const [left, setLeft] = useState(leftAt)
  useEffect(() => {
    const tick = () => setLeft(Math.max(0, Math.ceil((offer.expiresAt - Date.now()) / 1000)))
    tick()
    const timer = setInterval(tick, TICK_MS)
    return () => clearInterval(timer)
  }, [offer.expiresAt])
  return left
}
