// The slots of one day: from when to when, any number of them, also past midnight.
import { ActionIcon, Button, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Slot } from 'client/types'
import { faultsOf, isOvernight, MOST_SLOTS, nextSlot } from './calendar'
import css from './Hours.module.css'

export function Slots(props: {
  /** Whose slots they are, for whoever does not see it. */
  day: string
  slots: readonly Slot[]
  /** What the server refused, by path within the day. */
  error: (path: string) => string | undefined
  onChange: (slots: Slot[]) => void
}) {
  const { t } = useTranslation()
  const { day, slots } = props
  const faults = faultsOf(slots)
  const change = (at: number, part: Partial<Slot>) =>
    props.onChange(slots.map((slot, place) => (place === at ? { ...slot, ...part } : slot)))

  return (
    <div className={css.slots}>
      {slots.length === 0 && <span className={css.closed}>{t('hours.closed')}</span>}
      {slots.map((slot, at) => {
        const refused = props.error(`${at}`) ?? props.error(`${at}.from`) ?? props.error(`${at}.to`)
        const fault = faults[at]
        const said = fault ? t(`hours.fault.${fault}`) : refused
        return (
          <div key={at} className={css.slot}>
            <TextInput
              type="time"
              size="xs"
              aria-label={t('hours.from', { day })}
              value={slot.from}
              error={Boolean(said)}
              onChange={(event) => change(at, { from: event.currentTarget.value })}
            />
            <span aria-hidden>–</span>
            {/* A browser's time field has no 24:00; the end of the day is the midnight it shows. */}
            <TextInput
              type="time"
              size="xs"
              aria-label={t('hours.to', { day })}
              value={slot.to === '24:00' ? '00:00' : slot.to}
              error={Boolean(said)}
              onChange={(event) => {
                const to = event.currentTarget.value
                change(at, { to: to === '00:00' ? '24:00' : to })
              }}
            />
            <ActionIcon
              size="md"
              aria-label={t('hours.remove_slot', { day })}
              onClick={() => props.onChange(slots.filter((_, place) => place !== at))}
            >
              <IconX size={15} />
            </ActionIcon>
            {said ? (
              <span className={css.fault} role="alert">
                {said}
              </span>
            ) : (
              isOvernight(slot) && <span className={css.night}>{t('hours.overnight')}</span>
            )}
          </div>
        )
      })}
      {slots.length < MOST_SLOTS && (
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconPlus size={13} />}
          onClick={() => props.onChange([...slots, nextSlot(slots)])}
          aria-label={t('hours.add_slot_of', { day })}
        >
          {t('hours.add_slot')}
        </Button>
      )}
    </div>
  )
}
