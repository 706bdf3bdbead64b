// The head of a conversation: who it is with, where it stands, and what can be done with it.
import { ActionIcon, Badge, Button, Tooltip } from '@mantine/core'
import {
  IconArrowBackUp,
  IconArrowLeft,
  IconCheck,
  IconLayoutSidebarRight,
  IconLayoutSidebarRightFilled,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useMediaQuery } from '@mantine/hooks'
import type { Conversation } from 'client/types'
import { PersonAvatar } from 'ui/PersonAvatar'
import { useNow } from 'ui/RelativeTime'
import { moment } from 'ui/time'
import { contactName } from '../data/conversations'
import { AssignMenu } from './AssignMenu'
import css from './Header.module.css'
import { MoreMenu } from './MoreMenu'
import { PriorityMenu } from './PriorityMenu'
import { SnoozeMenu } from './SnoozeMenu'
import type { ThreadActions } from './ThreadPane'
import { WhyPopover } from './WhyPopover'

export function Header(props: {
  conversation: Conversation
  act: ThreadActions
  panelShown: boolean
  onTogglePanel: () => void
  onBack?: () => void
  snoozeOpen: boolean
  onSnoozeOpen: (open: boolean) => void
  assignOpen: boolean
  onAssignOpen: (open: boolean) => void
  whyOpen: boolean
  onWhyOpen: (open: boolean) => void
  onTransfer: () => void
}) {
  const { t } = useTranslation()
  const { conversation, act } = props
  const tight = useMediaQuery('(max-width: 900px)', undefined, { getInitialValueInEffect: false }) ?? false
  const name = contactName(conversation.contact) ?? t('contact.visitor', { number: conversation.number })
  const resolved = conversation.status === 'resolved'
  const PanelIcon = props.panelShown ? IconLayoutSidebarRightFilled : IconLayoutSidebarRight

  return (
    <header className={css.root}>
      {props.onBack && (
        <ActionIcon size="lg" onClick={props.onBack} aria-label={t('common.back')}>
          <IconArrowLeft size={19} />
        </ActionIcon>
      )}
      <PersonAvatar name={contactName(conversation.contact)} seed={conversation.contact.id} size={30} />
      <div className={css.who}>
        <h2 className={`${css.name} fd-truncate`}>{name}</h2>
        <p className={`${css.meta} fd-truncate`}>
          <span className={css.number}>#{conversation.number}</span>
          <StatusBadge conversation={conversation} />
          <Waiting conversation={conversation} />
        </p>
      </div>
      <div className={css.actions}>
        <AssignMenu
          conversation={conversation}
          onAssign={act.assign}
          opened={props.assignOpen}
          onChange={props.onAssignOpen}
          compact={tight}
        />
        <PriorityMenu priority={conversation.priority} onChoose={act.prioritise} />
        {!resolved && (
          <SnoozeMenu
            snoozed={conversation.status === 'snoozed'}
            onSnooze={act.snooze}
            onWake={act.reopen}
            opened={props.snoozeOpen}
            onChange={props.onSnoozeOpen}
          />
        )}
        {resolved ? (
          <Action
            tight={tight}
            label={t('action.reopen')}
            hint="E"
            icon={<IconArrowBackUp size={16} />}
            onClick={act.reopen}
          />
        ) : (
          <Action
            tight={tight}
            label={t('action.resolve')}
            hint="E"
            icon={<IconCheck size={16} />}
            onClick={act.resolve}
            filled
          />
        )}
        <WhyPopover conversationId={conversation.id} opened={props.whyOpen} onChange={props.onWhyOpen}>
          <MoreMenu
            conversation={conversation}
            act={act}
            onTransfer={props.onTransfer}
            onWhy={() => props.onWhyOpen(true)}
          />
        </WhyPopover>
        <Tooltip label={t('contact.toggle')}>
          <ActionIcon
            size="lg"
            onClick={props.onTogglePanel}
            aria-label={t('contact.toggle')}
            aria-pressed={props.panelShown}
          >
            <PanelIcon size={18} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </div>
    </header>
  )
}

function Action(props: {
  tight: boolean
  label: string
  hint: string
  icon: React.ReactNode
  onClick: () => void
  filled?: boolean
}) {
  if (props.tight) {
    return (
      <ActionIcon
        size="lg"
        variant={props.filled ? 'filled' : 'default'}
        color="ink"
        onClick={props.onClick}
        aria-label={props.label}
        aria-keyshortcuts={props.hint}
      >
        {props.icon}
      </ActionIcon>
    )
  }
  return (
    <Tooltip label={`${props.label}  ${props.hint}`}>
      <Button
        size="xs"
        variant={props.filled ? 'filled' : 'default'}
        className={css.action ?? ''}
        leftSection={props.icon}
        onClick={props.onClick}
        aria-keyshortcuts={props.hint}
      >
        {props.label}
      </Button>
    </Tooltip>
  )
}

/** How long the visitor has had no answer; the number an agent is measured by. */
function Waiting({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation()
  const now = useNow()
  const { waiting_since: since, status } = conversation
  if (!since || status !== 'open') return null
  const minutes = Math.floor((now - Date.parse(since)) / 60_000)
  if (minutes < 1) return null
  const [unit, count] =
    minutes < 60
      ? ['minutes', minutes]
      : minutes < 48 * 60
        ? ['hours', Math.floor(minutes / 60)]
        : ['days', Math.floor(minutes / 1440)]
  return (
    <span className={css.waiting} data-long={minutes >= 10 || undefined}>
      {t(`thread.waiting_${unit}`, { count: Number(count) })}
    </span>
  )
}

const STATUS_COLORS = { open: 'green', pending: 'yellow', snoozed: 'gray', resolved: 'gray' } as const

function StatusBadge({ conversation }: { conversation: Conversation }) {
  const { t, i18n } = useTranslation()
  const now = useNow()
  const { status, snoozed_until: until } = conversation
  return (
    <Badge size="sm" variant="light" color={STATUS_COLORS[status]} className={css.status} data-status={status}>
      {status === 'snoozed' && until
        ? t('activity.snoozed_until', { time: moment(until, now, i18n.language) })
        : t(`status.${status}`)}
    </Badge>
  )
}
