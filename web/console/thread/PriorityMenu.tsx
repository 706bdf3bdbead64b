// How urgent a conversation is.
import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Priority } from 'client/types'
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
  const name = (value: Priority | null) => t(value ? `priority.${value}` : 'priority.none')
  return (
    <Menu position="bottom-end" width={190}>
      <Menu.Target>
        <Tooltip label={t('priority.title')}>
          <ActionIcon size="lg" aria-label={t('priority.is', { priority: name(priority) })}>
            <PriorityIcon priority={priority} size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('priority.title')}</Menu.Label>
        {PRIORITIES.map((each) => (
          <Menu.Item
            key={each ?? 'none'}
            role="menuitemradio"
            aria-checked={each === priority}
            leftSection={<PriorityIcon priority={each} size={16} />}
            rightSection={each === priority ? <IconCheck size={15} /> : null}
            onClick={() => onChoose(each)}
          >
            {name(each)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
