// The scrolling conversation: welcome, history, messages, cards, and who is typing; and where the reader is in it.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { firstSeq, lastSeq } from 'client/thread'
import { usePanel } from '../context'
import { opensWords } from '../estimate'
import { ContactCard } from './ContactCard'
import { begins, isFresh } from './Header'
import { Messages } from './Messages'
import { TeamChoice } from './TeamChoice'
import { WaitingShelf, WaysOut } from './WaitingCards'
import { Icon, Linked } from './parts'

const NEAR_END = 48

export function Thread() {
  const { state, actions, words } = usePanel()
  const { thread, history, typing, contact } = state
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

  // A keyboard or a longer draft changes the box's height, a card that unfolds its content's.
  useEffect(() => {
    const observer = new ResizeObserver(() => stuckRef.current && toEnd())
    observer.observe(scrollerRef.current!)
    observer.observe(scrollerRef.current!.firstElementChild!)
    return () => observer.disconnect()
  }, [])

  return (
    // Focusable, so that a keyboard can scroll it in browsers that do not see to it themselves.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- as above
    <div class="scroller" ref={scrollerRef} onScroll={onScroll} tabIndex={0} role="region" aria-label={words.t('chat')}>
      <ol class="thread">
        {(first <= 1 || history !== 'ready') && <Welcome />}
        {history === 'loading' && first === 0 && <Waiting word={words.t('loading')} />}
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
        {begins(state) && <TeamChoice />}
        <WaitingShelf />
        {contact.asked && !state.unreachable && <ContactCard />}
        <WaysOut />
        {isFresh(state) && <li class="promise">{words.t('promise')}</li>}
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
    <li class="skeleton">
      <span class="sr" role="status">
        {word}
      </span>
      <i />
      <i />
      <i />
    </li>
  )
}

function Welcome() {
  const { state, words } = usePanel()
  const { config, online } = state
  const closed = config?.hours?.open === false
  const when = closed ? opensWords(words, config.hours!.opens_at) : null
  return (
    <li class="welcome">
      {!isFresh(state) && (
        <p class="hello" dir="auto">
          {config?.greeting || words.t('greeting')}
        </p>
      )}
      {(!online || closed) && config && state.connection !== 'reconnecting' && !state.unreachable && (
        <p class="away" dir="auto">
          {when && <b>{words.t('opens', { when })} </b>}
          <Linked text={config.away_message || words.t('awayMessage')} />
        </p>
      )}
    </li>
  )
}
