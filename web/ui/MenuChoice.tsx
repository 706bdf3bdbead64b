// One of several choices in a menu. Mantine forces `role="menuitem"` onto Menu.Item, so a choice must be its radio item;
// that one's own mark on the left would push every label aside, so ours stands on the right.
import { Menu } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import css from './MenuChoice.module.css'

export function MenuChoice(props: {
  checked: boolean
  onChoose: () => void
  icon?: ReactNode
  lang?: string
  children: ReactNode
}) {
  return (
    <Menu.RadioItem
      value="chosen"
      checked={props.checked}
      onChange={props.onChoose}
      closeMenuOnClick
      lang={props.lang}
      classNames={{ itemIndicator: css.indicator ?? '' }}
      rightSection={props.checked ? <IconCheck size={15} aria-hidden /> : null}
    >
      <ChoiceLabel icon={props.icon}>{props.children}</ChoiceLabel>
    </Menu.RadioItem>
  )
}

/** The inside of a choice, also for one that opens a menu of its own. */
export function ChoiceLabel({ icon, children }: { icon?: ReactNode; children: ReactNode }) {
  return (
    <span className={css.label}>
      {icon && (
        <span className={css.icon} aria-hidden>
          {icon}
        </span>
      )}
      <span>{children}</span>
    </span>
  )
}
