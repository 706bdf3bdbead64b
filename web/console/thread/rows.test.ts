// How a thread falls into rows.
import { describe, expect, it } from 'vitest'
import type { OutboxEntry } from 'client/outbox'
import type { Message, Sender } from 'client/types'
import { rowsOf, type Row } from './rows'

const ana: Sender = { kind: 'contact', id: 'cont_1', name: 'Ana' }
const bo: Sender = { kind: 'agent', id: 'agent_1', name: 'Bo' }

function message(seq: number, at: string, over: Partial<Message> = {}): Message {
  return {
    id: `msg_${seq}`,
    conversation_id: 'conv_1',
    seq,
    public_seq: seq,
    episode: 1,
    message_type: 'incoming',
    private: false,
    sender: ana,
    text: `text ${seq}`,
    content: null,
    client_message_id: null,
    created_at: `2026-03-10T${at}Z`,
    ...over,
  }
}

const reply = (seq: number, at: string, over: Partial<Message> = {}) =>
  message(seq, at, { message_type: 'outgoing', sender: bo, ...over })

const shape = (rows: Row[]) => rows.map((row) => (row.kind === 'group' ? `${row.side}:${row.items.length}` : row.kind))
const rows = (messages: Message[], readSeq: number | null = null, pending: OutboxEntry[] = []) =>
  rowsOf({ messages, pending, me: bo, readSeq })

describe('grouping', () => {
  it('joins what one person says in a row', () => {
    expect(shape(rows([message(1, '10:00:00'), message(2, '10:01:00'), reply(3, '10:02:00')]))).toEqual([
      'day',
      'in:2',
      'out:1',
    ])
  })

  it('starts anew after a pause', () => {
    expect(shape(rows([message(1, '10:00:00'), message(2, '10:06:00')]))).toEqual(['day', 'in:1', 'in:1'])
  })

  it('never mixes notes with replies', () => {
    expect(shape(rows([reply(1, '10:00:00'), reply(2, '10:00:10', { private: true })]))).toEqual([
      'day',
      'out:1',
      'out:1',
    ])
  })

  it('is broken by an activity', () => {
    const activity = message(2, '10:00:30', { message_type: 'activity', content: { kind: 'unassigned', by: null } })
    expect(shape(rows([message(1, '10:00:00'), activity, message(3, '10:01:00')]))).toEqual([
      'day',
      'in:1',
      'activity',
      'in:1',
    ])
  })
})

describe('days and marks', () => {
  it('names each day once', () => {
    const next = { ...message(2, '00:00:01'), created_at: '2026-03-11T00:00:01Z' }
    expect(shape(rows([message(1, '23:59:59'), next]))).toEqual(['day', 'in:1', 'day', 'in:1'])
  })

  it('marks the first message the agents have not read', () => {
    expect(shape(rows([message(1, '10:00:00'), message(2, '10:00:10')], 1))).toEqual(['day', 'in:1', 'unread', 'in:1'])
  })

  it('does not mark our own words or read ones', () => {
    expect(shape(rows([message(1, '10:00:00'), reply(2, '10:00:10')], 1))).toEqual(['day', 'in:1', 'out:1'])
    expect(shape(rows([message(1, '10:00:00')], null))).toEqual(['day', 'in:1'])
  })
})

describe('messages on their way', () => {
  it('stand last and keep their key when confirmed', () => {
    const entry: OutboxEntry = {
      client_message_id: 'c-1',
      conversation_id: 'conv_1',
      text: 'soon',
      created_at: Date.parse('2026-03-10T10:03:00Z'),
      state: 'sending',
    }
    const before = rows([message(1, '10:00:00')], null, [entry])
    const after = rows([message(1, '10:00:00'), reply(2, '10:03:00', { client_message_id: 'c-1', text: 'soon' })])
    expect(shape(before)).toEqual(['day', 'in:1', 'out:1'])
    expect(before.at(-1)?.key).toBe(after.at(-1)?.key)
  })
})
