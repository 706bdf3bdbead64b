// Nothing here, why, and what to do about it.
import type { ReactNode } from 'react'
import css from './EmptyState.module.css'

export function EmptyState(props: {
  icon?: ReactNode
  title: string
  text?: ReactNode
  action?: ReactNode
  /** For narrow columns. */
  compact?: boolean
}) {
  return (
    <div className={css.root} data-compact={props.compact || undefined}>
      {props.icon && (
        <div className={css.icon} aria-hidden>
          {props.icon}
        </div>
      )}
      <p className={css.title}>{props.title}</p>
      {props.text && <div className={css.text}>{props.text}</div>}
      {props.action && <div className={css.action}>{props.action}</div>}
    </div>
  )
}
