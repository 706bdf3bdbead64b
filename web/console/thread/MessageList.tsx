// The messages: older ones above on demand, the newest below, staying where the reader is.
import { Button, Loader } from '@mantine/core'
import { IconArrowDown } from '@tabler/icons-react'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { lastSeq } from 'client/thread'
import type { Conversation } from 'client/types'
import { ProblemState } from 'ui/ProblemAlert'
import { useNow } from 'ui/RelativeTime'
import { dayName } from 'ui/time'
import { useDesk, useDeskState } from '../data/context'
import type { ThreadState } from '../data/state'
import { ActivityLine } from './ActivityLine'
import { BubbleGroup } from './BubbleGroup'
import css from './MessageList.module.css'
import { rowsOf } from './rows'
import { SurveyCard } from './SurveyCard'
import { TypingLine } from './TypingLine'
import { usePageAttention } from './usePageAttention'
import { useStickyScroll } from './useStickyScroll'

const NEAR_TOP_PX = 240

export function MessageList({ conversation, thread }: { conversation: Conversation; thread: ThreadState | undefined }) {
  const { t, i18n } = useTranslation()
  const desk = useDesk()
  const { id } = conversation
  const pending = useDeskState(
    useCallback((state) => state.outbox.filter((entry) => entry.conversation_id === id), [id]),
  )
  const attentive = usePageAttention()
  const now = useNow()
  const messages = thread?.thread.messages
  const newest = thread ? lastSeq(thread.thread) : 0
  const oldest = messages?.[0]?.seq ?? 0

  const [markAt, setMarkAt] = useState(() => conversation.agent_read_seq || null)
  const { scroller, content, atBottom, toBottom } = useStickyScroll({
    head: oldest,
    tail: `${newest}:${pending.length}`,
  })

  // What came while the reader looked elsewhere is marked from where the looking stopped.
  const [seen, setSeen] = useState(newest)
  if (attentive && atBottom && seen !== newest) setSeen(newest)
  // Whoever answers has read.
  if (pending.length > 0 && markAt !== null) setMarkAt(null)
  const [wasAttentive, setWasAttentive] = useState(attentive)
  if (wasAttentive !== attentive) {
    setWasAttentive(attentive)
    if (!attentive && seen > 0) setMarkAt(seen)
  }

  useEffect(() => {
    if (thread?.status === 'ready' && attentive && atBottom && newest > 0) desk.markRead(id, newest)
  }, [desk, id, thread?.status, attentive, atBottom, newest])

  const loadOlder = useCallback(() => void desk.loadOlder(id), [desk, id])
  const onScroll = (event: React.UIEvent<HTMLElement>) => {
    if (event.currentTarget.scrollTop < NEAR_TOP_PX && thread?.hasOlder && !thread.olderProblem) loadOlder()
  }
  // A screen taller than one page never scrolls, so it would never ask.
  useEffect(() => {
    const box = scroller.current
    if (box && thread?.hasOlder && !thread.loadingOlder && box.scrollHeight <= box.clientHeight + NEAR_TOP_PX)
      loadOlder()
  }, [scroller, thread?.hasOlder, thread?.loadingOlder, loadOlder])

  const me = useMemo(
    () => ({ kind: 'agent' as const, id: desk.me.agent.id, name: desk.me.agent.name }),
    [desk.me.agent.id, desk.me.agent.name],
  )
  const rows = useMemo(
    () => rowsOf({ messages: messages ?? [], pending, me, readSeq: markAt }),
    [messages, pending, me, markAt],
  )
  const unseen = messages ? messages.filter((m) => m.seq > seen && m.message_type === 'incoming').length : 0

  if (thread?.status === 'failed' && newest === 0) {
    return (
      <div className={css.centered}>
        <ProblemState problem={thread.problem} onRetry={() => void desk.openConversation(id)} />
      </div>
    )
  }

  return (
    <div className={css.root}>
      <div
        ref={scroller}
        className={`${css.scroller} fd-scroll`}
        onScroll={onScroll}
        role="log"
        aria-label={t('thread.messages')}
        aria-busy={thread?.status !== 'ready'}
        // A scrolling region must be reachable by keyboard.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
      >
        <div ref={content} className={css.content}>
          {thread?.loadingOlder && (
            <div className={css.top}>
              <Loader size="xs" aria-label={t('common.loading')} />
            </div>
          )}
          {Boolean(thread?.olderProblem) && (
            <div className={css.top}>
              <Button size="compact-xs" variant="subtle" onClick={loadOlder}>
                {t('thread.older_retry')}
              </Button>
            </div>
          )}
          {thread?.status === 'loading' && newest === 0 && <Skeleton />}
          {rows.map((row) => {
            switch (row.kind) {
              case 'day':
                return (
                  <div key={row.key} className={css.day}>
                    <span>{dayName(t, row.at, now, i18n.language)}</span>
                  </div>
                )
              case 'unread':
                return (
                  <div key={row.key} className={css.unread} role="separator" aria-label={t('thread.new')}>
                    <span>{t('thread.new')}</span>
                  </div>
                )
              case 'activity':
                return <ActivityLine key={row.key} message={row.message} />
              case 'survey':
                return <SurveyCard key={row.key} message={row.message} conversation={conversation} />
              case 'group':
                return <BubbleGroup key={row.key} group={row} conversation={conversation} />
            }
          })}
          <TypingLine conversationId={id} />
        </div>
      </div>
      {!atBottom && newest > 0 && (
        <button type="button" className={css.jump} onClick={toBottom} data-new={unseen > 0 || undefined}>
          <IconArrowDown size={15} aria-hidden />
          {unseen > 0 ? t('thread.new_count', { count: unseen }) : t('thread.to_latest')}
        </button>
      )}
    </div>
  )
}

function Skeleton() {
  const { t } = useTranslation()
  return (
    <div className={css.skeleton} role="status" aria-label={t('common.loading')}>
      {[46, 30, 52, 38, 24].map((width, index) => (
        <i key={width} data-out={index % 3 === 1 || undefined} style={{ width: `${width}%` }} />
      ))}
    </div>
  )
}
