// The frame of the console and the portal: a navigation column that becomes a drawer on small screens, and the page beside it.
import { ActionIcon, Drawer } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconMenu2 } from '@tabler/icons-react'
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import css from './Shell.module.css'

interface ShellState {
  /** No room for the navigation beside the page. */
  narrow: boolean
  openNav: () => void
  closeNav: () => void
}

const ShellContext = createContext<ShellState>({ narrow: false, openNav: () => undefined, closeNav: () => undefined })
export const useShell = () => useContext(ShellContext)

export function Shell(props: {
  header: ReactNode
  nav: ReactNode
  footer?: ReactNode
  banner?: ReactNode
  children: ReactNode
}) {
  const { t } = useTranslation()
  const narrow = useMediaQuery('(max-width: 1023px)', undefined, { getInitialValueInEffect: false }) ?? false
  const [opened, setOpened] = useState(false)
  const openNav = useCallback(() => setOpened(true), [])
  const closeNav = useCallback(() => setOpened(false), [])
  const state = useMemo(() => ({ narrow, openNav, closeNav }), [narrow, openNav, closeNav])

  const column = (
    <nav className={css.nav} aria-label={t('common.menu')}>
      <div className={css.header}>{props.header}</div>
      <div className={`${css.items} fd-scroll`}>{props.nav}</div>
      {props.footer && <div className={css.footer}>{props.footer}</div>}
    </nav>
  )

  return (
    <ShellContext value={state}>
      <a href="#content" className="fd-skip">
        {t('common.skip_to_content')}
      </a>
      <div className={css.root}>
        {props.banner}
        <div className={css.body}>
          {narrow ? (
            <Drawer
              opened={opened}
              onClose={closeNav}
              size={272}
              padding={0}
              withCloseButton={false}
              title={t('common.menu')}
              classNames={{ header: 'fd-sr', body: css.drawerBody ?? '', content: css.drawer ?? '' }}
            >
              {column}
            </Drawer>
          ) : (
            column
          )}
          <main id="content" className={css.main} tabIndex={-1}>
            {props.children}
          </main>
        </div>
      </div>
    </ShellContext>
  )
}

/** The burger, for a page's own header. Absent while the navigation is in sight. */
export function NavButton() {
  const { t } = useTranslation()
  const { narrow, openNav } = useShell()
  if (!narrow) return null
  return (
    <ActionIcon size="lg" onClick={openNav} aria-label={t('common.open_menu')}>
      <IconMenu2 size={19} />
    </ActionIcon>
  )
}

export function NavSection({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <div className={css.section}>
      {title && <h2 className={css.sectionTitle}>{title}</h2>}
      <ul className={css.list}>{children}</ul>
    </div>
  )
}

export function NavItem(props: {
  href: string
  icon: ReactNode
  label: string
  active?: boolean
  count?: number
  /** The count asks for attention. */
  strong?: boolean
}) {
  const { closeNav } = useShell()
  return (
    <li>
      <Link
        href={props.href}
        className={css.item ?? ''}
        aria-current={props.active ? 'page' : undefined}
        onClick={closeNav}
      >
        <span className={css.itemIcon} aria-hidden>
          {props.icon}
        </span>
        <span className="fd-truncate">{props.label}</span>
        {props.count !== undefined && props.count > 0 && (
          <span className={css.count} data-strong={props.strong || undefined}>
            {props.count > 999 ? '999+' : props.count}
          </span>
        )}
      </Link>
    </li>
  )
}
