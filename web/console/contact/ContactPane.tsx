// The column about the person: beside the thread when there is room, over it when there is not.
import { Drawer } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useConversation } from '../data/context'
import { ContactPanel } from './ContactPanel'
import css from './ContactPane.module.css'

export function ContactPane(props: {
  conversationId: string
  mode: 'column' | 'drawer'
  opened: boolean
  onClose: () => void
  onOpenConversation: (id: string) => void
}) {
  const { t } = useTranslation()
  const conversation = useConversation(props.conversationId)
  const panel = conversation && (
    <ContactPanel
      key={conversation.contact.id}
      conversation={conversation}
      onOpenConversation={props.onOpenConversation}
    />
  )

  if (props.mode === 'drawer') {
    return (
      <Drawer
        opened={props.opened}
        onClose={props.onClose}
        position="right"
        size={340}
        title={t('contact.title')}
        padding="md"
      >
        {panel}
      </Drawer>
    )
  }
  if (!props.opened || !panel) return null
  return (
    <aside className={`${css.column} fd-scroll`} aria-label={t('contact.title')}>
      {panel}
    </aside>
  )
}
