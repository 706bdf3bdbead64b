// What happened to the conversation, as a quiet line between the words.
import { useTranslation } from 'react-i18next'
import type { Message } from 'client/types'
import { clock, dateTime, moment } from 'ui/time'
import { useDesk } from '../data/context'
import css from './ActivityLine.module.css'

export function ActivityLine({ message }: { message: Message }) {
  const { i18n } = useTranslation()
  const words = useWords(message)
  return (
    <p className={css.root}>
      {words}
      <time dateTime={message.created_at} title={dateTime(message.created_at, i18n.language)}>
        {clock(message.created_at, i18n.language)}
      </time>
    </p>
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
