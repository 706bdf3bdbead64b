// One conversation in the list: who, when, the last words, and what asks for attention.
import { IconCheck, IconClock, IconLock } from '@tabler/icons-react'
import { memo, useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { Conversation } from 'client/types'
import { PersonAvatar } from 'ui/PersonAvatar'
import { RelativeTime } from 'ui/RelativeTime'
import { dateTime } from 'ui/time'
import { useDesk, useDeskState } from '../data/context'
import { contactName } from '../data/conversations'
import type { View } from '../data/views'
import { pathOf } from '../route'
import { PriorityIcon } from '../shell/PriorityIcon'
import { readDraft } from '../thread/drafts'
import css from './ConversationRow.module.css'

export const ROW_HEIGHT = 70

export const ConversationRow = memo(function ConversationRow(props: {
  conversation: Conversation
  view: View
  selected: boolean
}) {
  const { t } = useTranslation()
  const { conversation, view, selected } = props
  const { contact, unread_count: unread } = conversation
  const { assignee_id: assigneeId, assignee_name: assigneeName } = conversation
  const name = contactName(contact) ?? t('contact.visitor', { number: conversation.number })
  const showsAssignee = assigneeId && view !== 'mine' && view !== 'unassigned'

  return (
    <Link
      href={pathOf({ view, conversationId: conversation.id })}
      className={css.row ?? ''}
      data-selected={selected || undefined}
      data-unread={unread > 0 || undefined}
      aria-current={selected ? 'true' : undefined}
    >
      <PersonAvatar name={contactName(contact)} seed={contact.id} size={34} />
      <span className={css.body}>
        <span className={css.top}>
          <span className={`${css.name} fd-truncate`}>{name}</span>
          <RelativeTime at={conversation.last_activity_at} className={css.time} />
        </span>
        <span className={css.bottom}>
          <span className={`${css.preview} fd-truncate`}>
            <Preview conversation={conversation} selected={selected} />
          </span>
          <span className={css.marks}>
            <StatusMark conversation={conversation} view={view} />
            {conversation.priority && <PriorityIcon priority={conversation.priority} size={15} />}
            {showsAssignee && (
              <span title={assigneeName ?? undefined} className={css.assignee}>
                <PersonAvatar name={assigneeName} seed={assigneeId} size={18} />
              </span>
            )}
            {unread > 0 && (
              <span className={css.unread}>
                {unread > 99 ? '99+' : unread}
                <span className="fd-sr">{t('list.unread', { count: unread })}</span>
              </span>
            )}
          </span>
        </span>
      </span>
    </Link>
  )
})

/** A word only where the list does not say it already. */
function StatusMark({ conversation, view }: { conversation: Conversation; view: View }) {
  const { t, i18n } = useTranslation()
  if (conversation.status === 'snoozed') {
    const until = conversation.snoozed_until
    return (
      <span
        className={css.mark}
        title={until ? t('activity.snoozed_until', { time: dateTime(until, i18n.language) }) : t('status.snoozed')}
      >
        <IconClock size={14} />
      </span>
    )
  }
  if (conversation.status === 'resolved' && view !== 'resolved') {
    return (
      <span className={css.mark} title={t('status.resolved')}>
        <IconCheck size={14} />
      </span>
    )
  }
  return null
}

function Preview({ conversation, selected }: { conversation: Conversation; selected: boolean }) {
  const { t } = useTranslation()
  const { me } = useDesk()
  const { id, last_message: last } = conversation
  const typing = useDeskState(
    useCallback((state) => state.typists.get(id)?.some((who) => who.kind === 'contact') ?? false, [id]),
  )
  const pending = useDeskState(
    useCallback((state) => state.outbox.filter((entry) => entry.conversation_id === id).at(-1), [id]),
  )

  if (typing) return <span className={css.typing}>{t('thread.typing_short')}</span>
  if (pending) return <>{t('list.you', { text: pending.text })}</>
  const draft = selected ? '' : readDraft(id, 'reply')
  if (draft) {
    return (
      <>
        <span className={css.draft}>{t('list.draft')}</span> {draft}
      </>
    )
  }
  if (!last) return <>{t('list.no_messages')}</>
  if (last.message_type === 'template') return <>{t('activity.survey_asked')}</>
  const text =
    last.sender.kind === 'agent' && last.sender.id === me.agent.id ? t('list.you', { text: last.text }) : last.text
  if (!last.private) return <>{text}</>
  return (
    <>
      <IconLock size={12} className={css.lock} aria-label={t('thread.note')} /> {text}
    </>
  )
}
