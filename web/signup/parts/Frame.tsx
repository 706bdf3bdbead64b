// The frame of every page here: brand and switches above, the form on one side, what it is for on the other.
import type { ReactNode } from 'react'
import { Logo } from 'ui/Logo'
import { ColorSchemeSwitch, LanguageSwitch } from 'ui/Switches'
import css from './Frame.module.css'
import { Showcase } from './Showcase'

export function Frame({ children, below }: { children: ReactNode; below?: ReactNode }) {
  return (
    <div className={css.root}>
      <div className={css.side}>
        <header className={css.header}>
          <Logo size={26} />
          <div className={css.switches}>
            <LanguageSwitch />
            <ColorSchemeSwitch />
          </div>
        </header>
        <main className={css.main} id="content">
          <div className={css.column}>{children}</div>
        </main>
        {below}
      </div>
      <Showcase />
    </div>
  )
}

export function Heading({ title, text }: { title: ReactNode; text?: ReactNode }) {
  return (
    <div className={css.heading}>
      <h1 className={css.title}>{title}</h1>
      {text && <p className={css.text}>{text}</p>}
    </div>
  )
}

/** A page that says one thing: a sign, a sentence, a way on. */
export function Outcome(props: {
  tone: 'ok' | 'plain' | 'bad'
  icon: ReactNode
  title: string
  text?: ReactNode
  children?: ReactNode
}) {
  return (
    <div className={css.outcome} role={props.tone === 'bad' ? 'alert' : 'status'}>
      <span className={css.sign} data-tone={props.tone} aria-hidden>
        {props.icon}
      </span>
      <Heading title={props.title} text={props.text} />
      {props.children && <div className={css.ways}>{props.children}</div>}
    </div>
  )
}
