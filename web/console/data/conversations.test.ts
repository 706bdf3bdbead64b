// Frames and answers in any order leave the same conversation.
import { describe, expect, it } from 'vitest'
import { conversation, message } from './fixtures'
import { newer, receiptOf, withAgentRead, withMessage, withReceipt } from './conversations'

describe('newer', () => {
  it('takes the later copy', () => {
    const known = conversation()
    const later = conversation({ version: 2, status: 'resolved' })
    expect(newer(known, later).status).toBe('resolved')
    expect(newer(later, known)).toBe(later)
  })

  it('goes by the version, not by when anything was written', () => {
    const known = conversation({ version: 9, updated_at: '2026-03-10T10:00:00Z', status: 'resolved' })
    const overtaken = conversation({ version: 8, updated_at: '2026-03-10T10:00:00Z', status: 'open' })
    expect(newer(known, overtaken)).toBe(known)
  })

  it('never takes back a message that is already known', () => {
    const known = withMessage(conversation(), message())
    const before = conversation({ version: 2, assignee_id: 'agent_1' })
    const merged = newer(known, before)
    expect(merged.assignee_id).toBe('agent_1')
    expect(merged.last_seq).toBe(4)
    expect(merged.last_message?.text).toBe('Hello?')
  })

  it('lets receipts only grow', () => {
    const known = conversation({ contact_read_seq: 5, agent_read_seq: 3 })
    const stale = conversation({
      contact_read_seq: 4,
      agent_read_seq: 2,
      unread_count: 1,
      version: 2,
    })
    const merged = newer(known, stale)
    expect([merged.contact_read_seq, merged.agent_read_seq, merged.unread_count]).toEqual([5, 3, 0])
  })
})

describe('withMessage', () => {
  it('moves preview, order and unread count', () => {
    const after = withMessage(conversation(), message())
    expect([after.last_message?.text, after.last_activity_at, after.unread_count]).toEqual([
      'Hello?',
      '2026-03-10T10:05:00Z',
      1,
    ])
  })

  it('counts a message once', () => {
    const once = withMessage(conversation(), message())
    expect(withMessage(once, message())).toBe(once)
  })

  it('keeps the last words when the system only notes something', () => {
    const spoken = withMessage(conversation(), message())
    const noted = withMessage(
      spoken,
      message({ seq: 5, message_type: 'activity', text: 'Assigned', created_at: '2026-03-10T10:09:00Z' }),
    )
    expect(noted.last_message?.text).toBe('Hello?')
    expect(noted.last_seq).toBe(5)
    expect(noted.last_activity_at).toBe(spoken.last_activity_at)
  })
})

it('clears the unread count only when all was read', () => {
  const three = conversation({ agent_read_seq: 0, unread_count: 3 })
  expect(withAgentRead(three, 2).unread_count).toBe(3)
  expect(withAgentRead(three, 3).unread_count).toBe(0)
})

it('ticks a message by the visitor’s receipts', () => {
  const sent = message({ message_type: 'outgoing', public_seq: 2 })
  const none = conversation()
  expect(receiptOf(none, sent)).toBe('sent')
  expect(receiptOf(withReceipt(none, 'delivered', 2), sent)).toBe('delivered')
  expect(receiptOf(withReceipt(none, 'read', 2), sent)).toBe('read')
})
