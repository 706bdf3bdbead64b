// One message in the thread, confirmed or on its way.

import type { PendingMessage } from 'client/thread'
import type { WidgetMessage } from 'client/types'
import { usePanel } from '../context'
import { Icon, Linked } from './parts'

export interface Run {
  /** First and last of a run of messages by the same author. */
  first: boolean
  last: boolean
}

interface MineProps {
  message: WidgetMessage
  seen: boolean
  /** Say the receipt in a word, not by its tick alone. */
  spelled: boolean
  run: Run
}

export function MineBubble({ message, seen, spelled, run }: MineProps) {
  const { words } = usePanel()
  const word = words.t(seen ? 'seen' : 'sent')
  return (
    <li class={`row mine ${edges(run)}`}>
      <span class="sr">{words.t('you')}: </span>
      <div class="bubble" dir="auto">
        <Linked text={message.text} />
      </div>
      {run.last && (
        <span class="meta">
          <time dateTime={message.created_at}>{words.time(Date.parse(message.created_at))}</time>
          <span class={seen ? 'tick seen' : 'tick'} title={word}>
            <Icon name={seen ? 'checks' : 'check'} size={15} />
            <span class={spelled ? '' : 'sr'}>{word}</span>
          </span>
        </span>
      )}
    </li>
  )
}

/** Where the server asked to wait: why. */
const ASKED: Record<string, 'slowDown' | 'companyBusy' | undefined> = {
  rate_limited: 'slowDown',
  company_busy: 'companyBusy',
}

export function PendingBubble({ message, run }: { message: PendingMessage; run: Run }) {
  const { actions, words } = usePanel()
  const { client_message_id: id, state, code = '' } = message
  const pause = state === 'waiting' ? ASKED[code] : undefined
  return (
    <li class={`row mine ${state} ${edges(run)}`}>
      <span class="sr">{words.t('you')}: </span>
      <div class="bubble" dir="auto">
        <Linked text={message.text} />
      </div>
      {state === 'failed' || state === 'held' ? (
        <span class={state === 'failed' ? 'meta bad' : 'meta'} role={state === 'failed' ? 'alert' : undefined}>
          <Icon name={state === 'failed' ? 'alert' : 'clock'} size={15} />
          <span>
            {state === 'failed'
              ? `${words.t('failed')}. ${words.problem(code)}`
              : words.t('held', { day: words.day(message.created_at) })}
          </span>
          <button type="button" class="link" onClick={() => actions.retry(id)}>
            {words.t(state === 'failed' ? 'retry' : 'sendNow')}
          </button>
          <button type="button" class="link" onClick={() => actions.discard(id)}>
            {words.t('discard')}
          </button>
        </span>
      ) : (
        run.last && (
          <span class="meta">
            <Icon name="clock" size={14} />
            <span>{words.t(pause ?? (state === 'waiting' ? 'waiting' : 'sending'))}</span>
          </span>
        )
      )}
    </li>
  )
}

export function TheirBubble({ message, run }: { message: WidgetMessage; run: Run }) {
  const { words } = usePanel()
  const name = message.sender.name || words.t('agent')
  return (
    <li class={`row theirs ${edges(run)}`}>
      {run.first ? <span class="author">{name}</span> : <span class="sr">{name}: </span>}
      <div class="bubble" dir="auto">
        <Linked text={message.text} />
      </div>
      {run.last && (
        <span class="meta">
          <time dateTime={message.created_at}>{words.time(Date.parse(message.created_at))}</time>
        </span>
      )}
    </li>
  )
}

function edges({ first, last }: Run): string {
  return `${first ? 'first' : ''} ${last ? 'last' : ''}`
}
