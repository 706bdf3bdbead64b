// An ordinary week, a row a day; one day may be copied to others.
import { ActionIcon, Menu } from '@mantine/core'
import { IconCopy } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Calendar, Weekday } from 'client/types'
import { WEEKDAYS, WORKDAYS } from './calendar'
import css from './Hours.module.css'
import { Slots } from './Slots'

export function Week(props: {
  weekly: Calendar['weekly']
  errors: Record<string, string>
  onChange: (weekly: Calendar['weekly']) => void
}) {
  const { t } = useTranslation()
  const { weekly, errors } = props

  function copy(from: Weekday, to: readonly Weekday[]): void {
    const next = { ...weekly }
    for (const day of to) next[day] = weekly[from].map((slot) => ({ ...slot }))
    props.onChange(next)
  }

  return (
    <ul className={css.days}>
      {WEEKDAYS.map((day) => {
        const name = t(`hours.day.${day}`)
        return (
          <li key={day}>
            <span className={css.day}>{name}</span>
            <Slots
              day={name}
              slots={weekly[day]}
              error={(path) => errors[`calendar.weekly.${day}.${path}`]}
              onChange={(slots) => props.onChange({ ...weekly, [day]: slots })}
            />
            <Menu position="bottom-end" width={200}>
              <Menu.Target>
                <ActionIcon aria-label={t('hours.copy_of', { day: name })}>
                  <IconCopy size={16} stroke={1.7} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => copy(day, WORKDAYS)}>{t('hours.copy_work')}</Menu.Item>
                <Menu.Item onClick={() => copy(day, WEEKDAYS)}>{t('hours.copy_all')}</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </li>
        )
      })}
    </ul>
  )
}
