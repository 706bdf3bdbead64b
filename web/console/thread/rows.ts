// A thread as the rows one sees: day names, the mark where new messages begin, quiet lines, and bubbles in groups.
import type { OutboxEntry } from 'client/outbox'
import type { Message, Sender } from 'client/types'
import { crossesDay } from 'ui/time'

const GROUP_MS = 5 * 60_000

export interface Item {
  key: string
  text: string
  at: string
  /** The server's copy; absent while the message is on its way. */
  message?: Message
  pending?: OutboxEntry
}

export type Row =
  | { kind: 'day'; key: string; at: string }
  | { kind: 'unread'; key: string }
  | { kind: 'activity'; key: string; message: Message }
  | { kind: 'survey'; key: string; message: Message }
  | { kind: 'group'; key: string; side: 'in' | 'out'; private: boolean; sender: Sender; items: Item[] }

type Group = Extract<Row, { kind: 'group' }>

export interface RowsInput {
  messages: readonly Message[]
  /** Own messages on their way, in the order they were written. */
  pending: readonly OutboxEntry[]
  me: Sender
  /** What the agents had read when the conversation was opened; null draws no mark. */
  readSeq: number | null
}

function isQuiet(message: Message): boolean {
  return message.message_type === 'activity' || message.message_type === 'template'
}

function continues(group: Group, sender: Sender, side: Group['side'], isPrivate: boolean, at: string): boolean {
  const last = group.items.at(-1)
  return (
    group.side === side &&
    group.private === isPrivate &&
    group.sender.kind === sender.kind &&
    group.sender.id === sender.id &&
    last !== undefined &&
    Date.parse(at) - Date.parse(last.at) < GROUP_MS
  )
}

export function rowsOf({ messages, pending, me, readSeq }: RowsInput): Row[] {
  const rows: Row[] = []
  let group: Group | null = null
  let lastAt: string | undefined
  let marked = readSeq === null

  function dayAt(at: string): void {
    if (!crossesDay(lastAt, at)) return
    rows.push({ kind: 'day', key: `day:${at.slice(0, 10)}:${rows.length}`, at })
    group = null
    lastAt = at
  }

  function speak(item: Item, sender: Sender, side: Group['side'], isPrivate: boolean): void {
    if (group && continues(group, sender, side, isPrivate, item.at)) group.items.push(item)
    else {
      group = { kind: 'group', key: `g:${item.key}`, side, private: isPrivate, sender, items: [item] }
      rows.push(group)
    }
  }

  for (const message of messages) {
    dayAt(message.created_at)
    lastAt = message.created_at
    if (!marked && message.seq > (readSeq ?? 0) && message.message_type === 'incoming') {
      rows.push({ kind: 'unread', key: 'unread' })
      group = null
      marked = true
    }
    const key = message.client_message_id ?? message.id
    if (isQuiet(message)) {
      rows.push({ kind: message.content?.kind === 'survey' ? 'survey' : 'activity', key, message })
      group = null
      continue
    }
    const side = message.message_type === 'incoming' ? 'in' : 'out'
    speak({ key, text: message.text, at: message.created_at, message }, message.sender, side, message.private)
  }

  for (const entry of pending) {
    const at = new Date(entry.created_at).toISOString()
    dayAt(at)
    lastAt = at
    speak({ key: entry.client_message_id, text: entry.text, at, pending: entry }, me, 'out', entry.private ?? false)
  }
  return rows
}
