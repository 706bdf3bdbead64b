// Initials on a colour that stays with the person, and a dot for presence. Somebody without a name gets a figure.
import { IconUserFilled } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Availability } from 'client/types'
import { hueOf, initials } from './person'
import css from './PersonAvatar.module.css'

export function PersonAvatar(props: {
  name: string | null | undefined
  /** What the colour is made from; an id, so that a renamed person keeps it. */
  seed?: string
  size?: number
  availability?: Availability
}) {
  const { t } = useTranslation()
  const size = props.size ?? 32
  const small = size < 22
  const letters = initials(props.name, small ? 1 : 2)
  const hue = hueOf(props.seed ?? props.name ?? '')
  return (
    <span
      className={css.root}
      style={{ width: size, height: size, fontSize: size * (small ? 0.56 : 0.38), ['--hue' as string]: hue }}
      aria-hidden={props.availability ? undefined : true}
    >
      {letters ? <span aria-hidden>{letters}</span> : <IconUserFilled size={size * 0.54} aria-hidden />}
      {props.availability && (
        <span className={css.dot} data-availability={props.availability}>
          <span className="fd-sr">{t(`availability.${props.availability}`)}</span>
        </span>
      )}
    </span>
  )
}

export function PresenceDot({ availability }: { availability: Availability }) {
  return <span className={css.plainDot} data-availability={availability} aria-hidden />
}
