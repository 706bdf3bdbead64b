// Everything the command bar can offer right now.
import { useMantineColorScheme } from '@mantine/core'
import {
  IconArrowRight,
  IconCheck,
  IconKeyboard,
  IconLanguage,
  IconMoon,
  IconPlayerPause,
  IconSun,
  IconUserCheck,
  IconUserMinus,
  IconArrowBackUp,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Contact, Conversation, Page } from 'client/types'
import { chooseLocale, currentLocale } from 'ui/i18n'
import { PersonAvatar, PresenceDot } from 'ui/PersonAvatar'
import { notifyProblem } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { LANGUAGE_NAMES } from 'ui/Switches'
import { useAgent, useConversation, useDesk, useDeskState } from '../data/context'
import { contactName } from '../data/conversations'
import { newestFirst, VIEWS } from '../data/views'
import { usePlace } from '../route'
import { best } from './match'

export interface Command {
  id: string
  section: 'conversations' | 'contacts' | 'actions' | 'views' | 'settings'
  icon: ReactNode
  label: string
  detail?: string
  extra?: string
  at?: string
  run: () => void
}

const SHOWN = 7
const icon = { size: 17, stroke: 1.7 }

export function useCommands(given: {
  query: string
  contacts: readonly Contact[]
  conversationId: string | undefined
  onHelp: () => void
}): Command[] {
  const { query } = given
  const { t } = useTranslation()
  const { go } = usePlace()
  const desk = useDesk()
  const conversations = useDeskState((state) => state.conversations)
  const sorted = [...conversations.values()].sort(newestFirst)
  const actions = useActions(given)

  const known: Command[] = sorted.map((conversation) => ({
    id: conversation.id,
    section: 'conversations',
    icon: <PersonAvatar name={contactName(conversation.contact)} seed={conversation.contact.id} size={24} />,
    label: contactName(conversation.contact) ?? t('contact.visitor', { number: conversation.number }),
    detail: conversation.last_message?.text,
    extra: `#${conversation.number} ${conversation.contact.email ?? ''} ${conversation.last_message?.text ?? ''}`,
    at: conversation.last_activity_at,
    run: () => go({ conversationId: conversation.id }),
  }))

  async function openLatestOf(contact: Contact): Promise<void> {
    try {
      const page = await http.get<Page<Conversation>>('/v1/conversations', { contact_id: contact.id, limit: 1 })
      const latest = page.data[0]
      if (!latest) return
      desk.upsert([latest])
      go({ conversationId: latest.id })
    } catch (problem) {
      notifyProblem(t, problem)
    }
  }

  const talkedTo = new Set(sorted.map((conversation) => conversation.contact.id))
  const others: Command[] = given.contacts
    .filter((contact) => !talkedTo.has(contact.id))
    .map((contact) => ({
      id: contact.id,
      section: 'contacts',
      icon: <PersonAvatar name={contactName(contact)} seed={contact.id} size={24} />,
      label: contactName(contact) ?? t('common.unknown'),
      detail: contact.email ?? undefined,
      run: () => void openLatestOf(contact),
    }))

  const typed = query.trim() !== ''
  return [
    ...best(known, query, typed ? SHOWN : 5),
    // The server has already matched these, perhaps by something that is not shown.
    ...(typed ? others : []),
    ...best(actions, query, typed ? SHOWN : actions.length),
  ]
}

function useActions({ conversationId, onHelp }: { conversationId: string | undefined; onHelp: () => void }): Command[] {
  const { t } = useTranslation()
  const { go } = usePlace()
  const desk = useDesk()
  const conversation = useConversation(conversationId)
  const me = useAgent(desk.me.agent.id)
  const { setColorScheme } = useMantineColorScheme()
  const guard = (work: Promise<void>) => void work.catch((problem: unknown) => notifyProblem(t, problem))
  const otherLocale = currentLocale() === 'en' ? 'zh-CN' : 'en'
  const other = me?.chosen_availability === 'online' ? 'away' : 'online'
  const list: Command[] = []

  if (conversation) {
    const { id } = conversation
    if (conversation.assignee_id !== desk.me.agent.id) {
      list.push({
        id: 'assign-me',
        section: 'actions',
        icon: <IconUserCheck {...icon} />,
        label: t('assign.to_me'),
        run: () => guard(desk.assign(id, desk.me.agent.id)),
      })
    }
    if (conversation.assignee_id) {
      list.push({
        id: 'unassign',
        section: 'actions',
        icon: <IconUserMinus {...icon} />,
        label: t('assign.unassign'),
        run: () => guard(desk.assign(id, null)),
      })
    }
    const resolved = conversation.status === 'resolved'
    list.push({
      id: 'resolve',
      section: 'actions',
      icon: resolved ? <IconArrowBackUp {...icon} /> : <IconCheck {...icon} />,
      label: t(resolved ? 'action.reopen' : 'action.resolve'),
      run: () => guard(desk.setStatus(id, resolved ? 'open' : 'resolved')),
    })
  }
  for (const view of VIEWS) {
    list.push({
      id: `view-${view}`,
      section: 'views',
      icon: <IconArrowRight {...icon} />,
      label: t('command.go', { view: t(`view.${view}`) }),
      run: () => go({ view }),
    })
  }
  list.push(
    {
      id: 'queue',
      section: 'views',
      icon: <IconArrowRight {...icon} />,
      label: t('command.go', { view: t('queue.title') }),
      run: () => go({ queue: true }),
    },
    {
      id: 'availability',
      section: 'settings',
      icon: other === 'away' ? <IconPlayerPause {...icon} /> : <PresenceDot availability="online" />,
      label: t('command.availability', { state: t(`availability.${other}`) }),
      run: () => guard(desk.setAvailability(other)),
    },
    {
      id: 'light',
      section: 'settings',
      icon: <IconSun {...icon} />,
      label: t('command.light'),
      run: () => setColorScheme('light'),
    },
    {
      id: 'dark',
      section: 'settings',
      icon: <IconMoon {...icon} />,
      label: t('command.dark'),
      run: () => setColorScheme('dark'),
    },
    {
      id: 'language',
      section: 'settings',
      icon: <IconLanguage {...icon} />,
      label: t('command.language', { name: LANGUAGE_NAMES[otherLocale] }),
      extra: 'language 语言',
      run: () => chooseLocale(otherLocale),
    },
    { id: 'help', section: 'settings', icon: <IconKeyboard {...icon} />, label: t('shortcuts.title'), run: onHelp },
  )
  return list
}
