// What one person said in a row: a name, bubbles, and how far the last one got.
import { IconAlertCircle, IconCheck, IconChecks, IconClock, IconLock } from '@tabler/icons-react'
import { Anchor } from '@mantine/core'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { PersonAvatar } from 'ui/PersonAvatar'
import { clock, dateTime } from 'ui/time'
import type { Conversation } from 'client/types'
import { useDesk } from '../data/context'
import { contactName, receiptOf } from '../data/conversations'
import css from './BubbleGroup.module.css'
import { linkParts } from './links'
import type { Item, Row } from './rows'

type Group = Extract<Row, { kind: 'group' }>

export const BubbleGroup = memo(function BubbleGroup({
  group,
  conversation,
}: {
  group: Group
  conversation: Conversation
}) {
  const { t, i18n } = useTranslation()
  const { me } = useDesk()
  const { sender, side } = group
  const mine = sender.kind === 'agent' && sender.id === me.agent.id
  const name =
    side === 'in'
      ? (contactName(conversation.contact) ?? sender.name ?? t('contact.visitor', { number: conversation.number }))
      : mine
        ? t('thread.you')
        : (sender.name ?? t('thread.team'))
  const seed = side === 'in' ? conversation.contact.id : (sender.id ?? 'team')
  const last = group.items.at(-1)

  return (
    <div className={css.group} data-side={side} data-note={group.private || undefined}>
      {side === 'in' && <PersonAvatar name={contactName(conversation.contact) ?? sender.name} seed={seed} size={28} />}
      <div className={css.stack}>
        <div className={css.head}>
          {group.private && (
            <span className={css.noteLabel}>
              <IconLock size={12} aria-hidden /> {t('thread.note')}
            </span>
          )}
          {(side === 'in' || !mine || group.private) && <span className={css.name}>{name}</span>}
          {mine && !group.private && <span className="fd-sr">{name}</span>}
        </div>
        {group.items.map((item) => (
          <div key={item.key} className={css.line} data-failed={isStuck(item) || undefined}>
            <div
              className={css.bubble}
              title={dateTime(item.at, i18n.language)}
              data-pending={item.pending ? true : undefined}
            >
              {item.message?.content?.kind === 'erased' ? (
                <em className={css.erased}>{t('message.erased')}</em>
              ) : (
                <PlainText text={item.text} />
              )}
            </div>
          </div>
        ))}
        {last && (
          <div className={css.foot}>
            <time dateTime={last.at}>{clock(last.at, i18n.language)}</time>
            {side === 'out' && <Progress item={last} conversation={conversation} note={group.private} />}
          </div>
        )}
        {group.items.map((item) => isStuck(item) && <Stuck key={item.key} item={item} />)}
      </div>
    </div>
  )
})

/** Text as it was written: line breaks kept, addresses clickable, nothing interpreted. */
function PlainText({ text }: { text: string }) {
  return linkParts(text).map((part, index) =>
    part.kind === 'text' ? (
      part.text
    ) : (
      // The parts of one text never reorder, so their index is their identity.
      // oxlint-disable-next-line react/no-array-index-key
      <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
        {part.text}
      </a>
    ),
  )
}

function Progress({ item, conversation, note }: { item: Item; conversation: Conversation; note: boolean }) {
  const { t } = useTranslation()
  if (item.pending) {
    if (isStuck(item)) return null
    const waiting = item.pending.state === 'waiting'
    const label = t(waiting ? 'receipt.waiting' : 'receipt.sending')
    return (
      <span className={css.receipt}>
        <IconClock size={13} aria-label={label} />
        {waiting && label}
      </span>
    )
  }
  if (note || !item.message) return null
  const receipt = receiptOf(conversation, item.message)
  const Icon = receipt === 'sent' ? IconCheck : IconChecks
  return (
    <span className={css.receipt} data-receipt={receipt} title={t(`receipt.${receipt}`)}>
      <Icon size={15} aria-label={t(`receipt.${receipt}`)} />
    </span>
  )
}

/** It goes no further without its author's word. */
function isStuck({ pending }: Item): boolean {
  return pending?.state === 'failed' || pending?.state === 'held'
}

function Stuck({ item }: { item: Item }) {
  const { t, i18n } = useTranslation()
  const desk = useDesk()
  if (!item.pending) return null
  const { client_message_id: id, state, code, created_at } = item.pending
  const held = state === 'held'
  return (
    <div className={css.failed} role="alert">
      <IconAlertCircle size={14} aria-hidden />
      <span>
        {held
          ? t('receipt.held', { when: dateTime(new Date(created_at).toISOString(), i18n.language) })
          : t('receipt.failed', {
              reason: t(`problem.${code ?? 'internal'}`, { defaultValue: t('problem.internal') }),
            })}
      </span>
      <Anchor component="button" fz="inherit" onClick={() => desk.retrySend(id)}>
        {t(held ? 'receipt.send_now' : 'common.retry')}
      </Anchor>
      <Anchor component="button" fz="inherit" c="dimmed" onClick={() => desk.discardSend(id)}>
        {t('receipt.discard')}
      </Anchor>
    </div>
  )
}
