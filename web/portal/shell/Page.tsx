// One page of the portal: its head, its width, and how it looks while it waits.
import { Anchor, Skeleton } from '@mantine/core'
import { IconChevronLeft } from '@tabler/icons-react'
import { useEffect, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { NavButton, useShell } from 'ui/Shell'
import { LogoMark } from 'ui/Logo'
import css from './Page.module.css'

export function Page(props: {
  title: string
  text?: ReactNode
  actions?: ReactNode
  back?: { href: string; label: string }
  /** For pages with something beside the form. */
  wide?: boolean
  children: ReactNode
}) {
  const { t } = useTranslation()
  const { narrow } = useShell()
  const tab = `${props.title} · ${t('brand')}`
  useEffect(() => {
    document.title = tab
  }, [tab])

  return (
    <div className={`${css.scroller} fd-scroll`}>
      {narrow && (
        <div className={css.bar}>
          <NavButton />
          <LogoMark size={22} />
        </div>
      )}
      <div className={css.page} data-wide={props.wide || undefined}>
        {props.back && (
          <Anchor component={Link} href={props.back.href} className={css.back ?? ''} underline="never">
            <IconChevronLeft size={15} aria-hidden />
            {props.back.label}
          </Anchor>
        )}
        <header className={css.head}>
          <div className={css.titles}>
            <h1 className={css.title}>{props.title}</h1>
            {props.text && <p className={css.text}>{props.text}</p>}
          </div>
          {props.actions && <div className={css.actions}>{props.actions}</div>}
        </header>
        {props.children}
      </div>
    </div>
  )
}

export function Card(props: {
  title?: ReactNode
  text?: ReactNode
  aside?: ReactNode
  children?: ReactNode
  /** Rows reach to the edges. */
  flush?: boolean
  id?: string
}) {
  return (
    <section className={css.card} data-flush={props.flush || undefined} id={props.id}>
      {(props.title || props.aside) && (
        <div className={css.cardHead}>
          <div className={css.titles}>
            {props.title && <h2 className={css.cardTitle}>{props.title}</h2>}
            {props.text && <p className={css.cardText}>{props.text}</p>}
          </div>
          {props.aside}
        </div>
      )}
      {props.children}
    </section>
  )
}

/** Cards below each other. */
export function Stack({ children }: { children: ReactNode }) {
  return <div className={css.stack}>{children}</div>
}

export function RowsSkeleton({ rows = 4 }: { rows?: number }) {
  const { t } = useTranslation()
  return (
    <div role="status" aria-label={t('common.loading')}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={css.skeletonRow} style={{ opacity: 1 - index / (rows + 1) }}>
          <Skeleton height={34} circle />
          <div style={{ flex: 1 }}>
            <Skeleton height={11} width={`${28 + ((index * 17) % 30)}%`} mb={9} />
            <Skeleton height={9} width={`${44 + ((index * 23) % 34)}%`} />
          </div>
          <Skeleton height={24} width={84} />
        </div>
      ))}
    </div>
  )
}

export function PageSkeleton() {
  const { t } = useTranslation()
  return (
    <div className={css.scroller} role="status" aria-label={t('common.loading')}>
      <div className={css.page}>
        <Skeleton height={26} width={220} mb={12} />
        <Skeleton height={12} width={340} maw="80%" mb={32} />
        <Skeleton height={150} radius={12} mb={16} />
        <Skeleton height={260} radius={12} />
      </div>
    </div>
  )
}
