// What a frame or an answer does to a conversation at hand. Pure; every function returns the same object when nothing changed.
import type { Contact, Conversation, Message } from 'client/types'

/** The newer of two copies. Answers and frames overtake each other, and an old one must not undo a new one. */
export function newer(known: Conversation | undefined, incoming: Conversation): Conversation {
  if (!known) return incoming
  if (incoming.version < known.version) return known
  // A message known already may be newer than what is otherwise the newer copy.
  if (incoming.last_seq < known.last_seq)
    return incoming.version > known.version ? { ...incoming, ...tail(known) } : known
  return {
    ...incoming,
    // Receipts only ever grow.
    agent_read_seq: Math.max(incoming.agent_read_seq, known.agent_read_seq),
    contact_read_seq: Math.max(incoming.contact_read_seq, known.contact_read_seq),
    contact_delivered_seq: Math.max(incoming.contact_delivered_seq, known.contact_delivered_seq),
    unread_count:
      incoming.last_seq === known.last_seq && known.agent_read_seq > incoming.agent_read_seq
        ? known.unread_count
        : incoming.unread_count,
  }
}

/** The fields that a message moves by itself. */
function tail(known: Conversation): Partial<Conversation> {
  const { last_seq, last_message, last_activity_at, unread_count } = known
  return { last_seq, last_message, last_activity_at, unread_count }
}

/** A message was written: the preview, the order and the unread count follow at once. */
export function withMessage(conversation: Conversation, message: Message): Conversation {
  if (message.seq <= conversation.last_seq) return conversation
  const { seq, text, message_type, sender, created_at } = message
  const speaks = message_type === 'incoming' || message_type === 'outgoing'
  return {
    ...conversation,
    last_seq: seq,
    // A line about the thread is not news in it, and does not move it in the list.
    last_activity_at:
      message_type !== 'activity' && created_at > conversation.last_activity_at
        ? created_at
        : conversation.last_activity_at,
    last_message: speaks
      ? { seq, text, message_type, private: message.private, sender, created_at }
      : conversation.last_message,
    unread_count: conversation.unread_count + (message_type === 'incoming' ? 1 : 0),
  }
}

/** The agents have read up to `seq`. */
export function withAgentRead(conversation: Conversation, seq: number): Conversation {
  if (seq <= conversation.agent_read_seq && conversation.unread_count === 0) return conversation
  return {
    ...conversation,
    agent_read_seq: Math.max(conversation.agent_read_seq, seq),
    unread_count: seq >= conversation.last_seq ? 0 : conversation.unread_count,
  }
}

/** The visitor's own receipts, in public numbering; reading implies having received. */
export function withReceipt(conversation: Conversation, kind: 'read' | 'delivered', seq: number): Conversation {
  const read = kind === 'read' ? Math.max(conversation.contact_read_seq, seq) : conversation.contact_read_seq
  const delivered = Math.max(conversation.contact_delivered_seq, seq)
  if (read === conversation.contact_read_seq && delivered === conversation.contact_delivered_seq) return conversation
  return { ...conversation, contact_read_seq: read, contact_delivered_seq: delivered }
}

export function withContact(conversation: Conversation, contact: Contact): Conversation {
  const { id, name, email } = contact
  const known = conversation.contact
  if (known.id !== id || (known.name === name && known.email === email)) return conversation
  return { ...conversation, contact: { id, name, email } }
}

export type Receipt = 'sent' | 'delivered' | 'read'

/** The ticks of a message that went out. */
export function receiptOf(conversation: Conversation, message: Message): Receipt {
  if (message.public_seq === null) return 'sent'
  if (message.public_seq <= conversation.contact_read_seq) return 'read'
  return message.public_seq <= conversation.contact_delivered_seq ? 'delivered' : 'sent'
}

/** What to call a contact who may not have said their name. */
export function contactName(contact: { name: string | null; email: string | null; id: string }): string | null {
  return contact.name?.trim() || contact.email || null
}
