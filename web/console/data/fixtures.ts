// Whole objects for tests, so that each test names only what it is about.
import type { Agent, Conversation, Message } from 'client/types'

export function conversation(over: Partial<Conversation> = {}): Conversation {
  return {
    id: 'conv_1',
    version: 1,
    number: 1,
    status: 'open',
    inbox_id: 'inbox_1',
    team_id: null,
    contact: { id: 'cont_1', name: 'Ana', email: null },
    assignee_id: null,
    assignee_name: null,
    priority: null,
    episode: 1,
    last_seq: 3,
    last_public_seq: 3,
    agent_read_seq: 3,
    agent_read_public_seq: 3,
    contact_read_seq: 0,
    contact_delivered_seq: 0,
    unread_count: 0,
    contact_unread_count: 0,
    last_message: null,
    waiting_since: null,
    snoozed_until: null,
    first_reply_at: null,
    resolved_at: null,
    last_activity_at: '2026-03-10T10:00:00Z',
    survey: null,
    created_at: '2026-03-10T09:00:00Z',
    updated_at: '2026-03-10T10:00:00Z',
    ...over,
  }
}

export function message(over: Partial<Message> = {}): Message {
  return {
    id: 'msg_4',
    conversation_id: 'conv_1',
    seq: 4,
    public_seq: 4,
    episode: 1,
    message_type: 'incoming',
    private: false,
    sender: { kind: 'contact', id: 'cont_1', name: 'Ana' },
    text: 'Hello?',
    content: null,
    client_message_id: null,
    created_at: '2026-03-10T10:05:00Z',
    ...over,
  }
}

export function agent(over: Partial<Agent> = {}): Agent {
  return {
    id: 'agent_1',
    name: 'Mia',
    email: 'mia@mail.test',
    role: 'agent',
    custom_role: null,
    visibility: 'all',
    availability: 'online',
    chosen_availability: 'online',
    away_reason: null,
    availability_by: 'self',
    availability_since: null,
    languages: [],
    capacity: 3,
    channel_capacity: {},
    open_conversations: 0,
    skills: [],
    team_ids: [],
    disabled_at: null,
    created_at: '2026-03-10T09:00:00Z',
    ...over,
  }
}
