// How urgent a conversation is.
import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Priority } from 'client/types'
import { MenuChoice } from 'ui/MenuChoice'
import { PriorityIcon } from '../shell/PriorityIcon'

const PRIORITIES: (Priority | null)[] = ['urgent', 'high', 'medium', 'low', null]

export function PriorityMenu({
  priority,
  onChoose,
}: {
  priority: Priority | null
  onChoose: (priority: Priority | null) => void
}) {
  const { t } = useTranslation()
  const [opened, setOpened] = useState(false)
  const name = (value: Priority | null) => t(value ? `priority.${value}` : 'priority.none')
  return (
    <Menu position="bottom-end" width={190} opened={opened} onChange={setOpened}>
      <Menu.Target>
        <Tooltip label={t('priority.title')} disabled={opened}>
          <ActionIcon size="lg" aria-label={t('priority.is', { priority: name(priority) })}>
            <PriorityIcon priority={priority} size={18} decorative />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('priority.title')}</Menu.Label>
        {PRIORITIES.map((each) => (
          <MenuChoice
            key={each ?? 'none'}
            checked={each === priority}
            icon={<PriorityIcon priority={each} size={16} decorative />}
            onChoose={() => onChoose(each)}
          >
            {name(each)}
          </MenuChoice>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
