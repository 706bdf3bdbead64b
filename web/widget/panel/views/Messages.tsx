// The messages themselves: in runs by author, with days between them and the survey where it was asked.

import type { ComponentChildren } from 'preact'
import type { WidgetMessage } from 'client/types'
import { usePanel } from '../context'
import { MineBubble, PendingBubble, TheirBubble } from './Bubble'
import { SurveyCard } from './SurveyCard'

const RUN_MS = 5 * 60_000

export function Messages() {
  const { state, words } = usePanel()
  const { thread, conversation } = state
  const rows: ComponentChildren[] = []
  // Only the newest question for a rating can be answered; older ones have had their time.
  const asked = conversation?.survey?.episode
  const question = thread.messages.find((message) => message.content?.kind === 'survey' && message.episode === asked)
  const visible = thread.messages.filter((message) => message === question || isSpoken(message) || joined(message))
  const newestOwn =
    thread.pending.length > 0 ? undefined : visible.findLast((message) => message.sender.kind === 'contact')
  const survey = conversation?.survey && <SurveyCard key={`survey${conversation.survey.episode}`} />
  const closed = conversation?.status === 'resolved' && (
    <li class="note" key="closed">
      {words.t('resolved')}
    </li>
  )
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
    if (message === question) rows.push(i === visible.length - 1 && closed, survey)
    else if (joined(message)) {
      rows.push(
        <li class="note" key={message.seq}>
          {words.t('joined', { name: joined(message)! })}
        </li>,
      )
    } else if (message.sender.kind === 'contact') {
      const seen = message.seq <= (conversation?.agent_read_seq ?? 0)
      const followed = i === visible.length - 1 && thread.pending.length > 0
      rows.push(
        <MineBubble
          key={key(message)}
          message={message}
          seen={seen}
          spelled={message === newestOwn}
          run={{ ...run, last: run.last && !followed }}
        />,
      )
    } else rows.push(<TheirBubble key={message.seq} message={message} run={run} />)
  })

  const newest = visible.at(-1)
  if (!question || newest !== question) rows.push(closed)
  if (!question) rows.push(survey)
  // Whatever holds up one message holds up those behind it; it is said once, under the last.
  const held = thread.pending.find((message) => message.state === 'waiting')
  thread.pending.forEach((message, i) => {
    const run = { first: i === 0 && newest?.sender.kind !== 'contact', last: i === thread.pending.length - 1 }
    const shown = held && message.state === 'sending' ? { ...message, state: held.state, code: held.code } : message
    rows.push(<PendingBubble key={message.client_message_id} message={shown} run={run} />)
  })
  return <>{rows}</>
}

/** The same key before and after confirmation, so that a sent bubble does not flicker. */
function key(message: WidgetMessage): string {
  return message.client_message_id ?? String(message.seq)
}

function sameRun(a: WidgetMessage | undefined, b: WidgetMessage | undefined): boolean {
  if (!a || !b || !isSpoken(a) || !isSpoken(b)) return false
  const close = Date.parse(b.created_at) - Date.parse(a.created_at) < RUN_MS
  return close && a.sender.kind === b.sender.kind && a.sender.name === b.sender.name
}

function isSpoken({ message_type: type }: WidgetMessage): boolean {
  return type === 'incoming' || type === 'outgoing'
}

/** Who has joined, where the message says so. */
function joined({ content }: WidgetMessage): string | null {
  return content?.kind === 'agent_joined' ? content.agent_name : null
}

function Day({ text }: { text: string }) {
  return (
    <li class="day">
      <span>{text}</span>
    </li>
  )
}
