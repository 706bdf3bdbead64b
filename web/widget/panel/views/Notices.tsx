// What is wrong or going on around the chat: the connection's banner, whole-panel errors, and spoken announcements.

import { useEffect, useRef, useState } from 'preact/hooks'
import { isAskedToWait } from 'client/outbox'
import { lastSeq } from 'client/thread'
import { usePanel } from '../context'
import { Icon } from './parts'

/** Short hiccups are nobody's business. */
const PATIENCE_MS = 1_500

export function ConnectionBanner() {
  const { state, words } = usePanel()
  const stuck = state.thread.pending.some((entry) => entry.state === 'waiting' && !isAskedToWait(entry.code))
  const trouble =
    state.offline || state.connection === 'offline'
      ? 'offline'
      : state.unreachable
        ? 'unreachable'
        : state.connection === 'reconnecting' || stuck
          ? 'reconnecting'
          : null
  const [shown, setShown] = useState<typeof trouble | 'connected' | 'delivered'>(null)

  useEffect(() => {
    if (trouble === 'offline' || trouble === 'unreachable') return setShown(trouble)
    const timer = setTimeout(
      () => setShown((before) => trouble ?? (before && (before === 'delivered' ? before : 'connected'))),
      trouble ? PATIENCE_MS : 100,
    )
    return () => clearTimeout(timer)
  }, [trouble])

  // What was kept and has arrived is said, and said long enough to be read.
  useEffect(() => {
    if (state.delivered > 0) setShown('delivered')
  }, [state.delivered])

  useEffect(() => {
    if (shown !== 'connected' && shown !== 'delivered') return
    const timer = setTimeout(() => setShown(null), shown === 'delivered' ? 8_000 : 2_500)
    return () => clearTimeout(timer)
  }, [shown, state.delivered])

  // The notice says that the server is away, and more than a banner could.
  const told = shown === 'unreachable' ? null : shown
  return (
    <div role="status">
      {told && (
        <p class={`banner ${told}`}>
          <Icon name={told === 'connected' || told === 'delivered' ? 'check' : 'cloud'} size={17} />
          {words.t(told)}
        </p>
      )}
    </div>
  )
}

export function Trouble() {
  const { words } = usePanel()
  return (
    <div class="trouble" role="alert">
      <span class="sign">
        <Icon name="alert" size={30} />
      </span>
      <h2>{words.t('refusedTitle')}</h2>
      <p>{words.t('refusedText')}</p>
    </div>
  )
}

/** New messages, said once to a screen reader; the history that was there before is not. */
export function Announcer() {
  const { state, words } = usePanel()
  const { thread, history, open } = state
  const saidRef = useRef(-1)
  const [text, setText] = useState('')
  useEffect(() => {
    const newest = lastSeq(thread)
    if (history !== 'ready' || saidRef.current === -1) {
      if (history === 'ready' || newest > 0) saidRef.current = newest
      else if (history === 'none') saidRef.current = 0
      return
    }
    const fresh = thread.messages.filter(
      (message) =>
        message.seq > saidRef.current && message.sender.kind !== 'contact' && message.message_type !== 'activity',
    )
    saidRef.current = Math.max(newest, saidRef.current)
    if (!open || fresh.length === 0) return
    const lines = fresh.map((message) => {
      if (message.content?.kind === 'agent_joined') return words.t('joined', { name: message.content.agent_name })
      if (message.message_type === 'template') return words.t('surveyTitle')
      return words.t('says', { name: message.sender.name || words.t('agent'), text: message.text })
    })
    setText(lines.join(' '))
  }, [thread, history, open, words])
  return (
    <div class="sr" aria-live="polite">
      {text}
    </div>
  )
}
