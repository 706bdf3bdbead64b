// The list column: header, virtualised rows, and what to show when there are none.
import { ActionIcon, Button, Loader } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import {
  IconCircleCheck,
  IconClockPause,
  IconHourglass,
  IconInbox,
  IconMoodSmile,
  IconSearch,
  IconUserCheck,
} from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { useCan } from 'ui/session'
import { NavButton, useShell } from 'ui/Shell'
import { useDeskState } from '../data/context'
import { countOf, type View } from '../data/views'
import { ConversationRow, ROW_HEIGHT } from './ConversationRow'
import css from './ConversationList.module.css'
import type { ListWindow } from './useListWindow'

const EMPTY_ICONS = {
  mine: <IconUserCheck />,
  unassigned: <IconMoodSmile />,
  open: <IconInbox />,
  pending: <IconHourglass />,
  snoozed: <IconClockPause />,
  resolved: <IconCircleCheck />,
} as const

export function ConversationList(props: {
  view: View
  list: ListWindow
  selectedId: string | undefined
  onSearch: () => void
}) {
  const { t } = useTranslation()
  const { view, list, selectedId } = props
  const { narrow } = useShell()
  const count = useDeskState((state) => countOf(state.counts, view))

  return (
    <>
      <header className={css.header}>
        <NavButton />
        <h1 className={css.title}>{t(`view.${view}`)}</h1>
        {count !== undefined && count > 0 && <span className={css.count}>{count}</span>}
        {narrow && (
          <ActionIcon size="lg" ml="auto" onClick={props.onSearch} aria-label={t('command.open')}>
            <IconSearch size={18} stroke={1.8} />
          </ActionIcon>
        )}
      </header>
      <Body key={view} view={view} list={list} selectedId={selectedId} />
    </>
  )
}

function Body({ view, list, selectedId }: { view: View; list: ListWindow; selectedId: string | undefined }) {
  const { t } = useTranslation()
  const { state, conversations } = list
  const seesPortal = useCan('inboxes.manage')

  if (state.status === 'failed')
    return (
      <Centered>
        <ProblemState compact problem={state.problem} onRetry={list.retry} />
      </Centered>
    )
  if (state.status !== 'ready' && conversations.length === 0) return <Skeletons />
  if (conversations.length === 0) {
    return (
      <Centered>
        <EmptyState
          compact
          icon={EMPTY_ICONS[view]}
          title={t(`empty.${view}.title`)}
          text={t(`empty.${view}.text`)}
          action={
            view === 'open' &&
            seesPortal && (
              <Button component="a" href="/portal" size="xs" variant="default">
                {t('empty.open.action')}
              </Button>
            )
          }
        />
      </Centered>
    )
  }
  return <Rows view={view} list={list} selectedId={selectedId} />
}

function Centered({ children }: { children: React.ReactNode }) {
  return <div className={css.centered}>{children}</div>
}

function Rows({ view, list, selectedId }: { view: View; list: ListWindow; selectedId: string | undefined }) {
  const { t } = useTranslation()
  const { state, conversations, loadMore } = list
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: conversations.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => conversations[index]?.id ?? index,
    overscan: 8,
    paddingStart: 4,
    paddingEnd: 8,
  })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0

  useEffect(() => {
    if (state.cursor && !state.problem && last >= conversations.length - 10) loadMore()
  }, [state.cursor, state.problem, last, conversations.length, loadMore])

  // Keyboard steps may leave the window; the chosen row follows.
  useEffect(() => {
    const index = conversations.findIndex((conversation) => conversation.id === selectedId)
    if (index >= 0) virtual.scrollToIndex(index, { align: 'auto' })
    // Only when the choice moves: a list that reorders must not pull the scroll along.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [selectedId])

  return (
    <div ref={scroller} className={`${css.scroller} fd-scroll`}>
      <ul className={css.rows} style={{ height: virtual.getTotalSize() }} aria-label={t(`view.${view}`)}>
        {items.map((item) => {
          const conversation = conversations[item.index]
          if (!conversation) return null
          return (
            <li
              key={item.key}
              className={css.slot}
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
              aria-setsize={state.cursor ? -1 : conversations.length}
              aria-posinset={item.index + 1}
            >
              <ConversationRow conversation={conversation} view={view} selected={conversation.id === selectedId} />
            </li>
          )
        })}
      </ul>
      {state.loadingMore && (
        <div className={css.more}>
          <Loader size="xs" aria-label={t('common.loading')} />
        </div>
      )}
      {Boolean(state.problem) && (
        <div className={css.more}>
          <Button size="compact-xs" variant="subtle" onClick={loadMore}>
            {t('common.retry')}
          </Button>
        </div>
      )}
    </div>
  )
}

function Skeletons() {
  const { t } = useTranslation()
  return (
    <div className={css.skeletons} role="status" aria-label={t('common.loading')}>
      {[72, 48, 60, 80, 54, 66, 44].map((width, index) => (
        <div key={width} className={css.skeleton} style={{ opacity: 1 - index * 0.12 }}>
          <i className={css.circle} />
          <span>
            <i className={css.bar} style={{ width: `${width * 0.6}%` }} />
            <i className={css.bar} style={{ width: `${width + 15}%` }} />
          </span>
        </div>
      ))}
    </div>
  )
}
