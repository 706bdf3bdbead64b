// Holidays, and days with other hours than their weekday.
import { ActionIcon, Button, TextInput } from '@mantine/core'
import { IconCalendarPlus, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { SpecialDay } from 'client/types'
import { dateAfter, MOST_SPECIAL, todayIn } from './calendar'
import css from './Hours.module.css'
import { Slots } from './Slots'

export function SpecialDays(props: {
  days: SpecialDay[]
  zone: string
  errors: Record<string, string>
  onChange: (days: SpecialDay[]) => void
}) {
  const { t } = useTranslation()
  const { days, errors } = props
  const change = (at: number, part: Partial<SpecialDay>) =>
    props.onChange(days.map((day, place) => (place === at ? { ...day, ...part } : day)))

  function add(): void {
    let date = dateAfter(todayIn(props.zone, Date.now()), 1)
    while (days.some((day) => day.date === date)) date = dateAfter(date, 1)
    props.onChange([...days, { date, name: '', slots: [] }])
  }

  return (
    <>
      <ul className={css.days}>
        {days.map((day, at) => {
          const twice = days.some((other, place) => place !== at && other.date === day.date)
          return (
            <li key={at} className={css.special}>
              <div className={css.date}>
                <TextInput
                  type="date"
                  size="xs"
                  aria-label={t('hours.date')}
                  value={day.date}
                  error={
                    twice
                      ? t('hours.fault.twice')
                      : day.date
                        ? errors[`calendar.special.${at}.date`]
                        : t('hours.fault.date')
                  }
                  onChange={(event) => change(at, { date: event.currentTarget.value })}
                />
                <TextInput
                  size="xs"
                  aria-label={t('hours.special_name')}
                  placeholder={t('hours.special_example')}
                  maxLength={80}
                  value={day.name}
                  onChange={(event) => change(at, { name: event.currentTarget.value })}
                />
              </div>
              <Slots
                day={day.name || day.date}
                slots={day.slots}
                error={(path) => errors[`calendar.special.${at}.slots.${path}`]}
                onChange={(slots) => change(at, { slots })}
              />
              <ActionIcon
                aria-label={t('hours.remove_special', { day: day.name || day.date })}
                onClick={() => props.onChange(days.filter((_, place) => place !== at))}
              >
                <IconTrash size={16} stroke={1.7} />
              </ActionIcon>
            </li>
          )
        })}
      </ul>
      {days.length < MOST_SPECIAL && (
        <Button
          mt={days.length > 0 ? 'sm' : 0}
          size="compact-sm"
          variant="default"
          leftSection={<IconCalendarPlus size={15} />}
          onClick={add}
        >
          {t('hours.add_special')}
        </Button>
      )}
    </>
  )
}
