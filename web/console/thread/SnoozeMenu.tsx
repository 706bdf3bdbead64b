// Puts a conversation aside until a time: presets first, any other moment behind them.
import { ActionIcon, Loader, Menu, Popover, Tooltip } from '@mantine/core'
import { IconAlarm, IconCalendarTime, IconClockPause } from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNow } from 'ui/RelativeTime'
import { snoozePresets } from './snooze'

// The calendar is heavy and seldom used.
const SnoozePicker = lazy(() => import('./SnoozePicker'))

export function SnoozeMenu(props: {
  snoozed: boolean
  onSnooze: (until: Date) => void
  onWake: () => void
  opened: boolean
  onChange: (open: boolean) => void
}) {
  const { t, i18n } = useTranslation()
  const [picking, setPicking] = useState(false)
  const now = new Date(useNow())
  const hour = new Intl.DateTimeFormat(i18n.language, { weekday: 'short', hour: 'numeric', minute: '2-digit' })

  return (
    <Popover withRoles={false} opened={picking} onChange={setPicking} position="bottom-end" width={260} trapFocus>
      <Popover.Target>
        <span style={{ display: 'inline-flex' }}>
          <Menu position="bottom-end" width={240} opened={props.opened} onChange={props.onChange}>
            <Menu.Target>
              <Tooltip label={`${t('action.snooze')}  S`} disabled={props.opened}>
                <ActionIcon size="lg" aria-label={t('action.snooze')} aria-keyshortcuts="s">
                  <IconClockPause size={18} stroke={1.7} />
                </ActionIcon>
              </Tooltip>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>{t('snooze.title')}</Menu.Label>
              {props.opened &&
                snoozePresets(now).map(({ id, until }) => (
                  <Menu.Item
                    key={id}
                    rightSection={<small style={{ color: 'var(--fd-text-faint)' }}>{hour.format(until)}</small>}
                    onClick={() => props.onSnooze(until)}
                  >
                    {t(`snooze.${id}`)}
                  </Menu.Item>
                ))}
              <Menu.Divider />
              <Menu.Item leftSection={<IconCalendarTime size={16} />} onClick={() => setPicking(true)}>
                {t('snooze.custom')}
              </Menu.Item>
              {props.snoozed && (
                <Menu.Item leftSection={<IconAlarm size={16} />} onClick={props.onWake}>
                  {t('snooze.wake')}
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        </span>
      </Popover.Target>
      <Popover.Dropdown>
        <Suspense fallback={<Loader size="sm" m="md" />}>
          <SnoozePicker
            now={now}
            onPick={(until) => {
              setPicking(false)
              props.onSnooze(until)
            }}
          />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  )
}
