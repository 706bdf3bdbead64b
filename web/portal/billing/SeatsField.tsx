// How many seats: a number between two large buttons, as the keyboard and a thumb like it.
import { ActionIcon, NumberInput } from '@mantine/core'
import { IconMinus, IconPlus } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import css from './Order.module.css'

export function SeatsField(props: {
  value: number
  least: number
  most: number
  /** Why it cannot be fewer. */
  taken: number
  onChange: (seats: number) => void
}) {
  const { t } = useTranslation()
  const { value, least, most, onChange } = props
  const step = (by: number) => onChange(Math.min(most, Math.max(least, value + by)))
  return (
    <div className={css.seats}>
      <ActionIcon
        variant="default"
        size={36}
        aria-label={t('billing.order.fewer')}
        disabled={value <= least}
        onClick={() => step(-1)}
      >
        <IconMinus size={16} />
      </ActionIcon>
      <NumberInput
        label={t('billing.order.seats')}
        description={t('billing.order.taken', { count: props.taken })}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        hideControls
        allowDecimal={false}
        allowNegative={false}
        clampBehavior="blur"
        min={least}
        max={most}
        value={value}
        // What is being typed may pass through nothing; the bounds hold when the field is left.
        onChange={(next) => typeof next === 'number' && next >= 1 && onChange(next)}
      />
      <ActionIcon
        variant="default"
        size={36}
        aria-label={t('billing.order.more')}
        disabled={value >= most}
        onClick={() => step(1)}
      >
        <IconPlus size={16} />
      </ActionIcon>
    </div>
  )
}
