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
} from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ChosenAvailability } from 'client/types'
import { AccountMenu } from 'ui/AccountMenu'
import { MenuChoice } from 'ui/MenuChoice'
import { PersonAvatar, PresenceDot } from 'ui/PersonAvatar'
import { notifyProblem } from 'ui/ProblemAlert'
import { NavItem, NavSection, useShell } from 'ui/Shell'
import { useMe } from 'ui/session'
import { useAgent, useDesk, useDeskState } from '../data/context'
import { countOf, VIEWS, type View } from '../data/views'
import { setPreference, testSound, useNotificationPreferences } from './notifier'
import css from './Nav.module.css'
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

export function ConsoleNav({ view, unreadMine }: { view: View; unreadMine: boolean }) {
  const { t } = useTranslation()
  const counts = useDeskState((state) => state.counts)
  // Most companies never put anything on hold; the view appears with the first one.
  const shown = VIEWS.filter((each) => each !== 'pending' || view === 'pending' || (countOf(counts, each) ?? 0) > 0)
  return (
    <NavSection title={t('nav.conversations')}>
      {shown.map((each) => (
        <NavItem
          key={each}
          href={`/${each}`}
          icon={ICONS[each]}
          label={t(`view.${each}`)}
          active={each === view}
          // The number of everything ever resolved helps nobody.
          count={each === 'resolved' ? undefined : countOf(counts, each)}
          strong={each === 'mine' && unreadMine}
        />
      ))}
    </NavSection>
  )
}

export function ConsoleFooter() {
  const { t } = useTranslation()
  const me = useMe().agent
  const desk = useDesk()
  const known = useAgent(me.id) ?? me
  const connected = useDeskState((state) => state.connection === 'online')
  // Nobody else sees an agent who has no connection as online, so neither should they themselves.
  const seen = connected ? known.chosen_availability : 'offline'

  function choose(availability: ChosenAvailability): void {
    desk.setAvailability(availability).catch((problem: unknown) => notifyProblem(t, problem))
  }

  return (
    <div className={css.footer}>
      <Menu position="top-start" width={212}>
        <Menu.Target>
          <UnstyledButton className={css.me}>
            <span aria-hidden>
              <PersonAvatar name={me.name} seed={me.id} size={30} availability={seen} />
            </span>
            <span className={css.meText}>
              <span className={`${css.meName} fd-truncate`}>{me.name}</span>
              <span className={css.meState}>{t(`availability.${seen}`)}</span>
              <span className="fd-sr">{t('presence.change')}</span>
            </span>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t('presence.title')}</Menu.Label>
          {(['online', 'away'] as const).map((each) => (
            <MenuChoice
              key={each}
              checked={known.chosen_availability === each}
              icon={<PresenceDot availability={each} />}
              onChoose={() => choose(each)}
            >
              {t(`availability.${each}`)}
              <span className={css.explain}>{t(`presence.${each}`)}</span>
            </MenuChoice>
          ))}
        </Menu.Dropdown>
      </Menu>
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
