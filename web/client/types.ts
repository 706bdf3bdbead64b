// The shapes of the public API, as the apps see them: JSON objects, problem documents and realtime frames.
// Everything in the apps imports its types from here, so that they can be aliased to a generated schema in one place.

/** An instant, RFC 3339 in UTC. */
export type Timestamp = string
export type LocaleCode = 'en' | 'zh-CN'

export interface Page<T> {
  data: T[]
  next_cursor: string | null
}

export interface FieldError {
  pointer: string
  code: string
  detail?: string
}

/** An RFC 9457 problem document; words for people are chosen by `code`. */
export interface ProblemBody {
  type: string
  title: string
  status: number
  code: string
  detail?: string
  request_id?: string
  errors?: FieldError[]
}

// --- accounts and people -------------------------------------------------------------------------------------------

export interface Account {
  id: string
  name: string
  slug: string
  status: 'provisioning' | 'active' | 'suspended' | 'closed'
  plan: 'free' | 'pro' | 'scale' | 'private'
  locale: LocaleCode
  created_at: Timestamp
}

export interface User {
  id: string
  email: string
  name: string
  email_verified: boolean
  locale: LocaleCode
}

export type Role = 'owner' | 'admin' | 'supervisor' | 'agent'
export type Availability = 'online' | 'away' | 'offline'
export type ChosenAvailability = 'online' | 'away'

export interface Agent {
  id: string
  name: string
  email: string
  role: Role
  /** What others see: the chosen availability, and only while connected. */
  availability: Availability
  chosen_availability: ChosenAvailability
  capacity: number
  open_conversations: number
  disabled_at: Timestamp | null
  created_at: Timestamp
}

/** `null` means unlimited. */
export interface Limits {
  agents: number | null
  inboxes: number | null
  conversations_per_month: number | null
  messages_per_month: number | null
  storage_bytes: number | null
}

export interface AccountChoice {
  id: string
  name: string
  slug: string
  role: Role
}

export interface Me {
  user: User
  account: Account
  agent: Agent
  permissions: string[]
  accounts: AccountChoice[]
  limits: Limits
}

/** The answer of signup, login, refresh and switch. */
export interface SessionBody {
  access_token: string
  token_type: 'Bearer'
  /** Seconds. */
  expires_in: number
  me: Me
}

export interface Invitation {
  id: string
  email: string
  role: Role
  status: 'pending' | 'accepted' | 'revoked' | 'expired'
  expires_at: Timestamp
  created_at: Timestamp
}

export interface InvitationPreview {
  account_name: string
  email: string
  role: Role
  has_login: boolean
  expires_at: Timestamp
}

export interface ApiKey {
  id: string
  name: string
  scopes: string[]
  prefix: string
  last_used_at: Timestamp | null
  created_at: Timestamp
  revoked_at: Timestamp | null
}

export interface CreatedApiKey extends ApiKey {
  /** Shown once, never again. */
  secret: string
}

// --- inboxes, contacts, conversations --------------------------------------------------------------------------------

export interface InboxSettings {
  color: string
  position: 'right' | 'left'
  title: string
  greeting: string
  away_message: string
  locale: 'auto' | LocaleCode
  theme: 'auto' | 'light' | 'dark'
  survey_enabled: boolean
  allowed_domains: string[]
}

export interface Inbox {
  id: string
  name: string
  channel: 'website'
  key: string
  settings: InboxSettings
  /** When a page first loaded this inbox's widget. */
  installed_at: Timestamp | null
  created_at: Timestamp
  updated_at: Timestamp
}

export interface PageVisit {
  url: string
  title: string
  referrer: string
}

export interface ContactRef {
  id: string
  name: string | null
  email: string | null
}

export interface Contact extends ContactRef {
  phone: string | null
  external_id: string | null
  verified: boolean
  locale: string | null
  attributes: Record<string, unknown>
  page: PageVisit | null
  user_agent: string | null
  created_at: Timestamp
  last_seen_at: Timestamp | null
}

export interface Sender {
  kind: 'contact' | 'agent' | 'system'
  id: string | null
  name: string | null
}

export type MessageType = 'incoming' | 'outgoing' | 'activity' | 'template'

export type MessageContent =
  | { kind: 'assigned'; agent_id: string; agent_name: string; by: string }
  | { kind: 'unassigned' }
  | { kind: 'status_changed'; status: ConversationStatus; by: string }
  | { kind: 'survey' }

export interface Message {
  id: string
  conversation_id: string
  /** Gap-free from 1 among everything agents see. */
  seq: number
  /** Gap-free from 1 among what the visitor sees; `null` for private notes. */
  public_seq: number | null
  episode: number
  message_type: MessageType
  private: boolean
  sender: Sender
  /** For activities an English fallback; render those by `content.kind`. */
  text: string
  content: MessageContent | null
  client_message_id: string | null
  created_at: Timestamp
}

export type ConversationStatus = 'open' | 'pending' | 'snoozed' | 'resolved'
export type Priority = 'low' | 'medium' | 'high' | 'urgent'

export interface Survey {
  episode: number
  rating: number | null
  comment: string | null
  asked_at: Timestamp
  answered_at: Timestamp | null
}

export interface LastMessage {
  seq: number
  text: string
  message_type: MessageType
  private: boolean
  sender: Sender
  created_at: Timestamp
}

export interface Conversation {
  id: string
  number: number
  status: ConversationStatus
  inbox_id: string
  contact: ContactRef
  assignee_id: string | null
  priority: Priority | null
  episode: number
  last_seq: number
  agent_read_seq: number
  /** In `public_seq` numbering, as is `contact_delivered_seq`. */
  contact_read_seq: number
  contact_delivered_seq: number
  unread_count: number
  last_message: LastMessage | null
  waiting_since: Timestamp | null
  snoozed_until: Timestamp | null
  first_reply_at: Timestamp | null
  resolved_at: Timestamp | null
  last_activity_at: Timestamp
  survey: Survey | null
  created_at: Timestamp
  updated_at: Timestamp
}

export interface ConversationCounts {
  mine: number
  unassigned: number
  all_open: number
  snoozed: number
  resolved: number
}

/** One stretch of a conversation's messages, ascending by `seq`. */
export interface MessagePage<M = Message> {
  data: M[]
  last_seq: number
  has_more: boolean
}

export interface SurveyResponse {
  conversation_id: string
  number: number
  episode: number
  rating: number
  comment: string | null
  contact: { id: string; name: string | null }
  agent_id: string | null
  answered_at: Timestamp
}

export interface SurveySummary {
  count: number
  average: number | null
  ratings: Record<'1' | '2' | '3' | '4' | '5', number>
}

// --- plans, usage, audit -----------------------------------------------------------------------------------------------

export interface Plan {
  id: Account['plan']
  name: string
  limits: Limits
}

export interface Meter {
  meter: 'conversations' | 'messages' | 'agents' | 'storage_bytes'
  used: number
  limit: number | null
  daily: { day: string; quantity: number }[]
}

export interface Usage {
  period: string
  from: Timestamp
  to: Timestamp
  plan: Account['plan']
  meters: Meter[]
}

export interface AuditEntry {
  id: string
  actor: { kind: string; id: string | null; name: string | null }
  action: string
  target: string | null
  detail: Record<string, unknown>
  at: Timestamp
}

export interface Checklist {
  email_verified: boolean
  widget_installed: boolean
  first_conversation: boolean
  first_reply: boolean
  teammate_invited: boolean
}

// --- the visitor's side ------------------------------------------------------------------------------------------------

export interface WidgetMessage {
  id: string
  conversation_id: string
  /** The public numbering. */
  seq: number
  episode: number
  message_type: MessageType
  sender: { kind: Sender['kind']; name: string | null }
  text: string
  content: MessageContent | null
  client_message_id: string | null
  created_at: Timestamp
}

export interface WidgetConversation {
  id: string
  status: 'open' | 'resolved'
  episode: number
  assignee: { name: string } | null
  last_seq: number
  agent_read_seq: number
  contact_read_seq: number
  unread_count: number
  survey: Survey | null
  created_at: Timestamp
}

export interface WidgetConfig {
  /** The company's name. */
  company: string
  title: string
  greeting: string
  away_message: string
  color: string
  position: 'right' | 'left'
  locale: 'auto' | LocaleCode
  theme: 'auto' | 'light' | 'dark'
  /** Whether an agent is online. */
  online: boolean
  survey_enabled: boolean
}

export interface WidgetSession {
  token: string
  /** Seconds. */
  expires_in: number
  /** Only when a new visitor was made. */
  secret?: string
  contact_id: string
  conversation: WidgetConversation | null
}

// --- realtime ----------------------------------------------------------------------------------------------------------

/** The parts of a message that ordering and optimistic sending need; both audiences' messages have them. */
export interface SequencedMessage {
  seq: number
  conversation_id: string
  client_message_id: string | null
  sender: { kind: Sender['kind']; name: string | null }
}

/** What the server may say over the socket, for an audience whose messages are `M` and conversations `C`. */
export type ServerFrame<M, C> =
  | {
      type: 'welcome'
      protocol: number
      session_id: string
      audience: 'agent' | 'visitor'
      heartbeat_seconds: number
      server_time: Timestamp
    }
  | { type: 'resumed'; conversation_id: string; messages: M[]; last_seq: number; conversation: C }
  | { type: 'reset'; conversation_id: string }
  | { type: 'ack'; ref?: string; client_message_id: string; conversation_id: string; message: M }
  | { type: 'message.created'; conversation_id: string; message: M }
  | { type: 'conversation.created'; conversation: C }
  | { type: 'conversation.updated'; conversation: C }
  | { type: 'conversation.read'; conversation_id: string; by: 'contact' | 'agent'; seq: number }
  | { type: 'conversation.delivered'; conversation_id: string; seq: number }
  | { type: 'typing'; conversation_id: string; by: { kind: Sender['kind']; name: string | null }; on: boolean }
  | { type: 'presence.updated'; agent_id?: string; availability?: Availability; online?: boolean }
  | { type: 'contact.updated'; contact: Contact }
  | {
      type: 'error'
      ref?: string
      client_message_id?: string
      code: string
      detail?: string
      /** When to try again, if that may help. */
      retry_after_ms?: number
    }
  | { type: 'reconnect'; after_ms: number }
  | { type: 'renewed' }
  | { type: 'pong' }
