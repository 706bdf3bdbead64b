// For supervisors, in somebody else's conversation: step in beside them, or take it over.
import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import { IconEye, IconUserPlus, IconUserShield } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Conversation } from 'client/types'
import { useCan, useMe } from 'ui/session'
import type { ThreadActions } from './ThreadPane'
import css from './Supervise.module.css'

export function Supervise({ conversation, act }: { conversation: Conversation; act: ThreadActions }) {
  const { t } = useTranslation()
  const me = useMe().agent.id
  const mayStepIn = useCan('conversations.supervise')
  const [opened, setOpened] = useState(false)
  const { assignee_id: assignee, assignee_name: name, status } = conversation
  if (!mayStepIn || !assignee || assignee === me || status === 'resolved') return null
  return (
    <Menu position="bottom-end" width={268} opened={opened} onChange={setOpened}>
      <Menu.Target>
        <Tooltip label={t('supervise.title')} disabled={opened}>
          <ActionIcon size="lg" aria-label={t('supervise.title')}>
            <IconEye size={18} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label className={css.label ?? ''}>{t('supervise.text', { name })}</Menu.Label>
        <Menu.Item leftSection={<IconUserPlus size={16} stroke={1.7} />} onClick={act.join}>
          {t('supervise.join')}
          <span className={css.explain}>{t('supervise.join_text', { name })}</span>
        </Menu.Item>
        <Menu.Item leftSection={<IconUserShield size={16} stroke={1.7} />} onClick={act.takeOver}>
          {t('supervise.take_over')}
          <span className={css.explain}>{t('supervise.take_over_text', { name })}</span>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
