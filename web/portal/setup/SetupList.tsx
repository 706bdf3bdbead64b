// A list of things that have a page of their own: rows that lead there, and how it looks while there are none.
import { Button } from '@mantine/core'
import { IconChevronRight, IconPlus } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { UseQueryResult } from '@tanstack/react-query'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { RowsSkeleton } from '../shell/Page'
import css from './Setup.module.css'

export function SetupList<T extends { id: string }>(props: {
  query: UseQueryResult<T[], unknown>
  empty: { icon: ReactNode; title: string; text: string; action: string }
  onCreate: () => void
  row: (item: T) => ReactNode
}) {
  const { query, empty } = props
  if (query.isPending) return <RowsSkeleton rows={3} />
  if (query.isError) return <ProblemState problem={query.error} onRetry={() => void query.refetch()} />
  if (query.data.length === 0) {
    return (
      <EmptyState
        icon={empty.icon}
        title={empty.title}
        text={empty.text}
        action={
          <Button leftSection={<IconPlus size={16} />} onClick={props.onCreate}>
            {empty.action}
          </Button>
        }
      />
    )
  }
  return <ul className={css.list}>{query.data.map((item) => props.row(item))}</ul>
}

export function SetupRow(props: {
  href: string
  icon: ReactNode
  name: string
  text: ReactNode
  aside?: ReactNode
  /** Buttons beside the row, which are not part of its link. */
  tools?: ReactNode
}) {
  return (
    <li className={css.item}>
      <Link href={props.href} className={css.row ?? ''}>
        <span className={css.mark} aria-hidden>
          {props.icon}
        </span>
        <span className={css.names}>
          <span className={`${css.name} fd-truncate`}>{props.name}</span>
          <span className={`${css.text} fd-truncate`}>{props.text}</span>
        </span>
        {props.aside && <span className={css.tags}>{props.aside}</span>}
        <IconChevronRight size={17} aria-hidden className={css.arrow} />
      </Link>
      {props.tools}
    </li>
  )
}

/** Above a list: the way to a new one. */
export function CreateButton({ onClick, label }: { onClick: () => void; label: string }) {
  return (
    <Button leftSection={<IconPlus size={16} />} onClick={onClick}>
      {label}
    </Button>
  )
}

/** "None" as the first choice, for what may be left to something more general. */
export function useNone(): (label: string) => { value: string; label: string } {
  const { t } = useTranslation()
  return (label) => ({ value: '', label: t('setup.inherit', { from: label }) })
}
