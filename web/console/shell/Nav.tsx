// The navigation column: company, search, views with live counts, and oneself at the bottom.
import { ActionIcon, Kbd, Menu, Popover, Switch, Tooltip, UnstyledButton } from '@mantine/core'
import {
  IconBell,
  IconBellOff,
  IconCircleCheck,
  IconClockPause,
  IconHourglass,
  IconInbox,
  IconKeyboard,
  IconSearch,
  IconUserCheck,
  IconUserQuestion,
  IconUsersGroup,
} from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { AccountMenu } from 'ui/AccountMenu'
import { NavItem, NavSection, useShell } from 'ui/Shell'
import { useDeskState } from '../data/context'
import { countOf, VIEWS, type View } from '../data/views'
import { setPreference, testSound, useNotificationPreferences } from './notifier'
import css from './Nav.module.css'
import { StatusMenu } from './StatusMenu'
import { MOD } from './useShortcuts'

const ICONS: Record<View, React.ReactNode> = {
  mine: <IconUserCheck />,
  unassigned: <IconUserQuestion />,
  open: <IconInbox />,
  pending: <IconHourglass />,
  snoozed: <IconClockPause />,
  resolved: <IconCircleCheck />,
}

export function ConsoleHeader({ onSearch, onHelp }: { onSearch: () => void; onHelp: () => void }) {
  const { t } = useTranslation()
  const { closeNav } = useShell()
  return (
    <>
      <AccountMenu here="console">
        <Menu.Item leftSection={<IconKeyboard size={16} stroke={1.7} />} onClick={onHelp}>
          {t('shortcuts.title')}
        </Menu.Item>
        <Menu.Divider />
      </AccountMenu>
      <UnstyledButton
        className={css.search}
        onClick={() => {
          closeNav()
          onSearch()
        }}
      >
        <IconSearch size={15} aria-hidden />
        <span>{t('command.open')}</span>
        <span className={css.keys} aria-hidden>
          <Kbd>{MOD}</Kbd>
          <Kbd>K</Kbd>
        </span>
      </UnstyledButton>
    </>
  )
}

export function ConsoleNav({ view, queue, unreadMine }: { view: View; queue: boolean; unreadMine: boolean }) {
  const { t } = useTranslation()
  const counts = useDeskState((state) => state.counts)
  const waiting = useDeskState((state) => state.queue?.waiting)
  // Most companies never put anything on hold; the view appears with the first one.
  const shown = VIEWS.filter((each) => each !== 'pending' || view === 'pending' || (countOf(counts, each) ?? 0) > 0)
  return (
    <>
      <NavSection title={t('nav.conversations')}>
        {shown.map((each) => (
          <NavItem
            key={each}
            href={`/${each}`}
            icon={ICONS[each]}
            label={t(`view.${each}`)}
            active={each === view && !queue}
            // The number of everything ever resolved helps nobody.
            count={each === 'resolved' ? undefined : countOf(counts, each)}
            strong={each === 'mine' && unreadMine}
          />
        ))}
      </NavSection>
      <NavSection title={t('nav.floor')}>
        <NavItem href="/queue" icon={<IconUsersGroup />} label={t('queue.title')} active={queue} count={waiting} />
      </NavSection>
    </>
  )
}

export function ConsoleFooter() {
  return (
    <div className={css.footer}>
      <StatusMenu />
      <Alerts />
    </div>
  )
}

function Alerts() {
  const { t } = useTranslation()
  const [opened, setOpened] = useState(false)
  const { desktop, sound, permission } = useNotificationPreferences()
  const refused = permission === 'denied' || permission === 'unsupported'
  const Icon = desktop || sound ? IconBell : IconBellOff
  return (
    <Popover position="top-end" width={272} opened={opened} onChange={setOpened} trapFocus>
      <Popover.Target>
        <Tooltip label={t('alerts.title')} disabled={opened}>
          <ActionIcon size="lg" onClick={() => setOpened(!opened)} aria-label={t('alerts.title')}>
            <Icon size={18} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label={t('alerts.title')}>
        <div className={css.alerts}>
          <Switch
            size="sm"
            label={t('alerts.desktop')}
            description={refused ? t('alerts.denied') : t('alerts.desktop_text')}
            checked={desktop}
            disabled={refused}
            onChange={(event) => void setPreference('desktop', event.currentTarget.checked)}
          />
          <Switch
            size="sm"
            label={t('alerts.sound')}
            description={t('alerts.sound_text')}
            checked={sound}
            onChange={(event) => {
              const on = event.currentTarget.checked
              void setPreference('sound', on)
              if (on) testSound()
            }}
          />
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}
