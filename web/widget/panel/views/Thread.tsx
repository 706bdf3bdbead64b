// The conversation, oldest first: welcome, messages in runs, days between them, and what is going on right now.

import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { firstSeq, lastSeq } from 'client/thread'
import type { WidgetMessage } from 'client/types'
import { usePanel } from '../context'
import { activityText, MineBubble, PendingBubble, TheirBubble } from './Bubble'
import { ContactCard } from './ContactCard'
import { Icon, Linked } from './parts'
import { SurveyCard } from './SurveyCard'

const RUN_MS = 5 * 60_000
const NEAR_END = 48

export function Thread() {
  const { state, actions, words } = usePanel()
  const { thread, history, typing, contact, conversation } = state
  const scrollerRef = useRef<HTMLDivElement>(null)
  const stuckRef = useRef(true)
  const beforeRef = useRef({ first: 0, height: 0 })
  const [away, setAway] = useState(false)
  const [unseen, setUnseen] = useState(false)
  const first = firstSeq(thread)
  const last = lastSeq(thread)
  const lastOwn = thread.pending.at(-1)?.client_message_id

  function toEnd(smooth = false): void {
    const box = scrollerRef.current
    box?.scrollTo({ top: box.scrollHeight, behavior: smooth ? 'smooth' : 'instant' })
  }

  function onScroll(): void {
    const box = scrollerRef.current!
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END
    if (atEnd !== stuckRef.current) {
      stuckRef.current = atEnd
      setAway(!atEnd)
      actions.atEnd(atEnd)
    }
    if (atEnd) setUnseen(false)
    if (box.scrollTop < 80 && first > 1 && history === 'ready') void actions.loadEarlier().catch(() => undefined)
  }

  // Earlier messages grow the thread upwards; the reader's place must not move.
  useLayoutEffect(() => {
    const box = scrollerRef.current!
    const { first: known, height } = beforeRef.current
    if (known > first && first > 0 && known > 0) box.scrollTop += box.scrollHeight - height
    else if (stuckRef.current) toEnd()
    beforeRef.current = { first, height: box.scrollHeight }
  })

  useEffect(() => {
    stuckRef.current = true
    actions.atEnd(true)
    toEnd()
  }, [lastOwn, state.open, actions])

  useEffect(() => {
    if (!stuckRef.current) setUnseen(true)
  }, [last])

  // A keyboard, a longer draft or a card changes the box's own height.
  useEffect(() => {
    const observer = new ResizeObserver(() => stuckRef.current && toEnd())
    observer.observe(scrollerRef.current!)
    return () => observer.disconnect()
  }, [])

  return (
    // Focusable, so that a keyboard can scroll it in browsers that do not see to it themselves.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- as above
    <div class="scroller" ref={scrollerRef} onScroll={onScroll} tabIndex={0} role="region" aria-label={words.t('chat')}>
      <ol class="thread">
        {(first <= 1 || history !== 'ready') && <Welcome />}
        {history === 'loading' && <Waiting word={words.t('loading')} />}
        {history === 'failed' && (
          <li class="note">
            {words.t('historyFailed')}{' '}
            <button type="button" class="link" onClick={actions.reload}>
              {words.t('retry')}
            </button>
          </li>
        )}
        {first > 1 && history === 'ready' && (
          <li class="note">
            <button
              type="button"
              class="link"
              disabled={state.loadingEarlier}
              onClick={() => void actions.loadEarlier().catch(() => undefined)}
            >
              {words.t(state.loadingEarlier ? 'loadingEarlier' : 'earlier')}
            </button>
          </li>
        )}
        <Messages />
        {contact.asked && <ContactCard />}
        {conversation?.survey && <SurveyCard key={conversation.survey.episode} />}
        {typing !== null && (
          <li class="row theirs first last typing">
            <div class="bubble">
              <span class="sr">{words.t('typing', { name: typing || words.t('agent') })}</span>
              <i />
              <i />
              <i />
            </div>
          </li>
        )}
      </ol>
      {away && (
        <button
          type="button"
          class={unseen ? 'below new' : 'below'}
          aria-label={words.t('newBelow')}
          onClick={() => toEnd(true)}
        >
          {unseen && <span>{words.t('newBelow')}</span>}
          <Icon name="down" size={18} />
        </button>
      )}
    </div>
  )
}

function Waiting({ word }: { word: string }) {
  return (
    <li class="skeleton" role="status">
      <span class="sr">{word}</span>
      <i />
      <i />
      <i />
    </li>
  )
}

function Welcome() {
  const { state, words } = usePanel()
  const { config, online } = state
  return (
    <li class="welcome">
      <p class="hello" dir="auto">
        {config?.greeting || words.t('greeting')}
      </p>
      {!online && config && state.connection !== 'reconnecting' && (
        <p class="away" dir="auto">
          <Linked text={config.away_message || words.t('awayMessage')} />
        </p>
      )}
    </li>
  )
}

function Messages() {
  const { state, words } = usePanel()
  const { thread, conversation } = state
  const rows: ComponentChildren[] = []
  const visible = thread.messages.filter((message) => message.message_type !== 'template')
  let day = ''

  visible.forEach((message, i) => {
    const at = Date.parse(message.created_at)
    const today = words.day(at)
    if (today !== day) rows.push(<Day key={`day${message.seq}`} text={today} />)
    const run = {
      first: today !== day || !sameRun(visible[i - 1], message),
      last: !sameRun(message, visible[i + 1]),
    }
    day = today
    if (message.message_type === 'activity') {
      const text = activityText(message, words)
      if (text)
        rows.push(
          <li class="note" key={message.seq} dir="auto">
            {text}
          </li>,
        )
    } else if (message.sender.kind === 'contact') {
      const seen = message.seq <= (conversation?.agent_read_seq ?? 0)
      const followed = i === visible.length - 1 && thread.pending.length > 0
      rows.push(
        <MineBubble key={key(message)} message={message} seen={seen} run={{ ...run, last: run.last && !followed }} />,
      )
    } else rows.push(<TheirBubble key={message.seq} message={message} run={run} />)
  })

  const newest = visible.at(-1)
  thread.pending.forEach((message, i) => {
    const first = i === 0 && newest?.sender.kind !== 'contact'
    rows.push(
      <PendingBubble
        key={message.client_message_id}
        message={message}
        run={{ first, last: i === thread.pending.length - 1 }}
      />,
    )
  })
  return <>{rows}</>
}

/** The same key before and after confirmation, so that a sent bubble does not flicker. */
function key(message: WidgetMessage): string {
  return message.client_message_id ?? String(message.seq)
}

function sameRun(a: WidgetMessage | undefined, b: WidgetMessage | undefined): boolean {
  if (!a || !b || a.message_type === 'activity' || b.message_type === 'activity') return false
  const close = Date.parse(b.created_at) - Date.parse(a.created_at) < RUN_MS
  return close && a.sender.kind === b.sender.kind && a.sender.name === b.sender.name
}

function Day({ text }: { text: string }) {
  return (
    <li class="day">
      <span>{text}</span>
    </li>
  )
}
