// The widget's colour: some that surely work, any other by hand, and a word on whether it can be read.
import { ColorPicker, Popover, TextInput, UnstyledButton } from '@mantine/core'
import { IconAlertTriangle, IconCheck, IconInfoCircle } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { legibility, parseColor, PRESETS } from './color'
import css from './ColorField.module.css'

const SIGNS = { white: IconCheck, dark: IconInfoCircle, faint: IconAlertTriangle } as const

export function ColorField(props: { value: string; error?: string; onChange: (color: string) => void }) {
  const { t } = useTranslation()
  const { value, onChange } = props
  // What is being typed is not a colour yet at every keystroke.
  const [typed, setTyped] = useState<string | null>(null)
  const { verdict, ratio } = legibility(value)
  const Sign = SIGNS[verdict]

  return (
    <div>
      <div className={css.label} id="color-label">
        {t('inboxes.color')}
      </div>
      <div className={css.row} role="group" aria-labelledby="color-label">
        {PRESETS.map((color) => (
          <UnstyledButton
            key={color}
            className={css.swatch}
            style={{ background: color }}
            aria-label={color}
            aria-pressed={value === color}
            onClick={() => {
              onChange(color)
              setTyped(null)
            }}
          >
            {value === color && <IconCheck size={16} stroke={2.6} color="#fff" aria-hidden />}
          </UnstyledButton>
        ))}
        <Popover position="bottom-start" trapFocus returnFocus>
          <Popover.Target>
            <UnstyledButton className={css.other} aria-label={t('inboxes.color_other')}>
              <i style={{ background: value }} />
            </UnstyledButton>
          </Popover.Target>
          <Popover.Dropdown p="xs">
            <ColorPicker
              format="hex"
              value={value}
              onChange={(color) => {
                onChange(color)
                setTyped(null)
              }}
              saturationLabel={t('inboxes.color_saturation')}
              hueLabel={t('inboxes.color_hue')}
            />
          </Popover.Dropdown>
        </Popover>
        <TextInput
          className={css.hex ?? ''}
          aria-label={t('inboxes.color_hex')}
          value={typed ?? value}
          maxLength={7}
          spellCheck={false}
          error={Boolean(props.error) || (typed !== null && !parseColor(typed))}
          onChange={(event) => {
            const text = event.currentTarget.value
            setTyped(text)
            const color = parseColor(text)
            if (color) onChange(color)
          }}
          onBlur={() => setTyped(null)}
        />
      </div>
      {props.error && <p className={css.error}>{props.error}</p>}
      <p className={css.hint} data-verdict={verdict} aria-live="polite">
        <Sign size={15} aria-hidden />
        {t(`inboxes.legible_${verdict}`, { ratio: ratio.toFixed(1) })}
      </p>
    </div>
  )
}
