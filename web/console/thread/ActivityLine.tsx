// What happened to the conversation, as a quiet line between the words.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ConversationSummary, Message } from 'client/types'
import { clock, dateTime, moment } from 'ui/time'
import { useDesk } from '../data/context'
import css from './ActivityLine.module.css'
import { Summary } from './Summary'

export function ActivityLine({ message }: { message: Message }) {
  const { i18n } = useTranslation()
  const words = useWords(message)
  const content = message.content
  return (
    <>
      <p className={css.root}>
        {words}
        <time dateTime={message.created_at} title={dateTime(message.created_at, i18n.language)}>
          {clock(message.created_at, i18n.language)}
        </time>
      </p>
      {content?.kind === 'transferred' && <Known summary={content.summary} />}
    </>
  )
}

/** Folded: most of it is in the thread above, for whoever has the time to read it. */
function Known({ summary }: { summary: ConversationSummary }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <details className={css.known} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t('summary.title')}</summary>
      {open && <Summary summary={summary} />}
    </details>
  )
}

function useWords(message: Message): string {
  const { t, i18n } = useTranslation()
  const { me } = useDesk()
  const content = message.content
  if (!content) return message.text

  const nameOf = (by: string | null) => (by === me.agent.name ? t('activity.you') : by)

  switch (content.kind) {
    case 'assigned': {
      const to = content.agent_id === me.agent.id ? t('activity.you') : content.agent_name
      const by = nameOf(content.by)
      if (by === to) return t('activity.took', { name: to })
      return by ? t('activity.assigned_by', { name: to, by }) : t('activity.assigned', { name: to })
    }
    case 'unassigned': {
      const by = nameOf(content.by)
      return by ? t('activity.unassigned_by', { by }) : t('activity.unassigned')
    }
    case 'transferred': {
      const name = content.to === 'agent' ? (nameOf(content.name) ?? '') : content.name
      return t('activity.transferred', { name, by: nameOf(content.by) ?? '' })
    }
    case 'not_taken': {
      const team = content.team ?? t('transfer.team')
      return content.back_to
        ? t('activity.not_taken', { team, to: content.back_to })
        : t('activity.not_taken_all', { team })
    }
    case 'status_changed': {
      const by = nameOf(content.by)
      if (content.status === 'snoozed' && content.until) {
        const time = moment(content.until, Date.parse(message.created_at), i18n.language)
        return by ? t('activity.snoozed_until_by', { by, time }) : t('activity.snoozed_until', { time })
      }
      return by ? t(`activity.${content.status}_by`, { by }) : t(`activity.${content.status}`)
    }
    case 'left_waiting_room':
      return t(`activity.left_${content.way}`, { to: content.phone ?? content.email ?? '' })
    case 'agent_joined':
      return t('activity.joined', { name: nameOf(content.agent_name) })
    case 'erased':
      return t('activity.erased')
    case 'survey':
      return t('activity.survey_asked')
    default:
      // A server newer than this page may tell of things it has no words for.
      return message.text
  }
}
