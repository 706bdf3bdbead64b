// What is wrong or going on around the chat: the connection's banner, whole-panel errors, and spoken announcements.

import { useEffect, useRef, useState } from 'preact/hooks'
import { lastSeq } from 'client/thread'
import { usePanel } from '../context'
import { Icon } from './parts'

/** Short hiccups are nobody's business. */
const PATIENCE_MS = 1_500

export function ConnectionBanner() {
  const { state, words } = usePanel()
  const stuck = state.thread.pending.some((entry) => entry.state === 'waiting' && entry.code !== 'rate_limited')
  const trouble =
    state.offline || state.connection === 'offline'
      ? 'offline'
      : state.connection === 'reconnecting' || stuck
        ? 'reconnecting'
        : null
  const [shown, setShown] = useState<typeof trouble | 'connected'>(null)

  useEffect(() => {
    if (trouble === 'offline') return setShown(trouble)
    const timer = setTimeout(
      () => setShown((before) => trouble ?? (before && 'connected')),
      trouble ? PATIENCE_MS : 100,
    )
    return () => clearTimeout(timer)
  }, [trouble])

  useEffect(() => {
    if (shown !== 'connected') return
    const timer = setTimeout(() => setShown(null), 2_500)
    return () => clearTimeout(timer)
  }, [shown])

  return (
    <div role="status">
      {shown && (
        <p class={`banner ${shown}`}>
          <Icon name={shown === 'connected' ? 'check' : 'cloud'} size={17} />
          {words.t(shown)}
        </p>
      )}
    </div>
  )
}

export function Trouble() {
  const { state, actions, words } = usePanel()
  const refused = state.phase === 'refused'
  const kind = refused ? 'refused' : state.offline ? 'offline' : 'unreachable'
  return (
    <div class="trouble" role="alert">
      <span class="sign">
        <Icon name={refused ? 'alert' : 'cloud'} size={30} />
      </span>
      <h2>{words.t(`${kind}Title`)}</h2>
      <p>{words.t(`${kind}Text`)}</p>
      {!refused && (
        <button type="button" class="solid" onClick={actions.reload}>
          {words.t('retry')}
        </button>
      )}
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
