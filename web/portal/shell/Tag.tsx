// A small word about the state of something, in colours that pass AA in both schemes.
import type { ReactNode } from 'react'
import css from './Tag.module.css'

export type Tone = 'plain' | 'accent' | 'ok' | 'warn' | 'danger'

export function Tag({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={css.tag} data-tone={tone}>
      {children}
    </span>
  )
}
