// What is done with a conversation more rarely: hand it over, ask why it is whose it is, and for supervisors, step in.
import { ActionIcon, Kbd, Menu, Tooltip } from '@mantine/core'
import { IconArrowsRightLeft, IconDots, IconHelpCircle, IconUserPlus, IconUserShield } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Conversation } from 'client/types'
import { useCan, useMe } from 'ui/session'
import css from './MoreMenu.module.css'
import type { ThreadActions } from './ThreadPane'

const ICON = { size: 16, stroke: 1.7 }

export function MoreMenu(props: {
  conversation: Conversation
  act: ThreadActions
  onTransfer: () => void
  onWhy: () => void
}) {
  const { t } = useTranslation()
  const me = useMe().agent.id
  const { act } = props
  const [opened, setOpened] = useState(false)
  const { assignee_id: assignee, assignee_name: name, status } = props.conversation
  const supervises = useCan('conversations.supervise')
  const others = supervises && assignee !== null && assignee !== me && status !== 'resolved'
  return (
    <Menu position="bottom-end" width={272} opened={opened} onChange={setOpened}>
      <Menu.Target>
        <Tooltip label={t('common.more')} disabled={opened}>
          <ActionIcon size="lg" aria-label={t('common.more')}>
            <IconDots size={18} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {status !== 'resolved' && (
          <Menu.Item
            leftSection={<IconArrowsRightLeft {...ICON} />}
            rightSection={<Kbd aria-hidden>T</Kbd>}
            onClick={props.onTransfer}
          >
            {t('transfer.title')}
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={<IconHelpCircle {...ICON} />}
          rightSection={<Kbd aria-hidden>W</Kbd>}
          onClick={props.onWhy}
        >
          {t('why.title')}
        </Menu.Item>
        {others && (
          <>
            <Menu.Divider />
            <Menu.Label className={css.label ?? ''}>{t('supervise.text', { name })}</Menu.Label>
            <Menu.Item leftSection={<IconUserPlus {...ICON} />} onClick={act.join}>
              {t('supervise.join')}
              <span className={css.explain}>{t('supervise.join_text', { name })}</span>
            </Menu.Item>
            <Menu.Item leftSection={<IconUserShield {...ICON} />} onClick={act.takeOver}>
              {t('supervise.take_over')}
              <span className={css.explain}>{t('supervise.take_over_text', { name })}</span>
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
