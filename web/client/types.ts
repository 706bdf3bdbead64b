// The names by which the apps know the API's shapes. The shapes themselves are generated from openapi/ by
// `npm run codegen`; nothing here repeats them. What the documents leave open is closed below, and says so.

import type { components as realtime } from './realtime.gen'
import type { components } from './schema'

type Schemas = components['schemas']

/** Answers carry every field, `null` where there is nothing; the document marks such fields as optional as well. */
type Whole<T> = T extends readonly (infer Item)[]
  ? Whole<Item>[]
  : T extends object
    ? { [Key in keyof T]-?: Whole<T[Key]> }
    : T

/** Closes what the document only says in words. */
type With<T, Closed> = Omit<T, keyof Closed> & Closed

/** An instant, RFC 3339 in UTC. */
export type Timestamp = string
/** The languages of our pages; in the document a `string`. */
export type LocaleCode = 'en' | 'zh-CN'

export interface Page<T> {
  data: T[]
  next_cursor: string | null
}

export type FieldError = Schemas['FieldFault']
/** An RFC 9457 problem document; words for people are chosen by `code`. */
export type ProblemBody = Schemas['Problem']

// --- accounts and people -------------------------------------------------------------------------------------------

export type Account = With<Whole<Schemas['Account']>, { locale: LocaleCode }>
export type User = With<Whole<Schemas['User']>, { locale: LocaleCode }>
export type Role = Schemas['Role']
/** One of the four, or one that the company made. */
export type RoleView = Whole<Schemas['RoleView']>
export type Visibility = Schemas['Visibility']
export type Permission = Schemas['Permission']
export type Availability = Schemas['EffectiveAvailability']
export type ChosenAvailability = Schemas['Availability']
export type Agent = Whole<Schemas['Agent']>
/** `null` means unlimited. */
export type Limits = Whole<Schemas['Limits']>
export type AccountChoice = Whole<Schemas['AccountBrief']>
export type Me = With<Whole<Schemas['Me']>, { account: Account; user: User }>
export type ClosedAccount = Schemas['ClosedAccount']
export type Organisation = Whole<Schemas['Organisation']>
export type OrganisationView = Whole<Schemas['OrganisationView']>
export type AccountGroup = Whole<Schemas['AccountGroup']>
export type GroupOverview = Whole<Schemas['GroupOverview']>
export type AccountFigures = Whole<Schemas['AccountFigures']>
export type GroupMember = Whole<Schemas['GroupMember']>
/** The answer of signup, login, refresh and switch. */
export type SessionBody = With<Whole<Schemas['SessionView']>, { me: Me }>
/** Whether support may come in, and whether it has. */
export type SupportAccess = Whole<Schemas['SupportAccess']>
export type SupportVisit = Whole<Schemas['SupportVisit']>
/** The password was right, and something else is asked for. */
export type LoginChallenge = Whole<Schemas['LoginChallenge']>
/** The answer to it: a code, or what the device said. */
export type ChallengeAnswer =
  { challenge: string; code: string } | { challenge: string; passkey_challenge: string; credential: unknown }
export type SsoDeparture = Whole<Schemas['SsoDeparture']>
export type DomainProven = Whole<Schemas['DomainProven']>
export type Security = Whole<Schemas['Security']>
export type TotpSetup = Whole<Schemas['TotpSetup']>
export type RecoveryCodes = Whole<Schemas['RecoveryCodes']>
export type Passkey = Whole<Schemas['Passkey']>
export type PasskeyRegistered = Whole<Schemas['PasskeyRegistered']>
export type SignedInSession = Whole<Schemas['SignedInSession']>
export type SignInSettings = Whole<Schemas['SignInSettings']>
export type SignInDomain = Whole<Schemas['SignInDomain']>
export type DomainMailbox = Schemas['DomainMailbox']
export type Invitation = Whole<Schemas['Invitation']>
export type InvitationPreview = Whole<Schemas['InvitationGreeting']>
export type ApiKey = Whole<Schemas['ApiKey']>
/** With its secret, shown once, never again. */
export type CreatedApiKey = Whole<Schemas['ApiKeyCreated']>

// --- inboxes, contacts, conversations --------------------------------------------------------------------------------

export type InboxSettings = Whole<Schemas['InboxSettings']>
export type Inbox = Whole<Schemas['Inbox']>
export type PageVisit = Whole<Schemas['VisitedPage']>
export type ContactRef = Whole<Schemas['ContactBrief']>
export type Contact = Whole<Schemas['Contact']>
export type Sender = Whole<Schemas['Sender']>
export type MessageType = Schemas['MessageType']

/** The document calls a message's content an object; these are the kinds there are. `by` is a name, null for the system. */
export type MessageContent =
  | { kind: 'assigned'; agent_id: string; agent_name: string; by: string | null }
  | { kind: 'unassigned'; by: string | null }
  | { kind: 'transferred'; to: 'agent' | 'team'; name: string; by: string; summary: ConversationSummary }
  | { kind: 'not_taken'; team: string | null; back_to: string | null }
  | { kind: 'status_changed'; status: ConversationStatus; until: Timestamp | null; by: string | null }
  | { kind: 'survey'; episode: number }
  // Whoever wrote it, or was written to, was erased; or its time was over.
  | { kind: 'erased' }
  | { kind: 'agent_joined'; agent_id: string; agent_name: string }
  | { kind: 'left_waiting_room'; way: 'message' | 'callback' | 'email'; email: string | null; phone: string | null }

export type Message = With<Whole<Schemas['Message']>, { content: MessageContent | null }>
export type ConversationStatus = Conversation['status']
export type Priority = Schemas['Priority']
export type Survey = Whole<Schemas['Survey']>
export type LastMessage = Whole<Schemas['MessageBrief']>
export type Conversation = Whole<Schemas['Conversation']>
export type ConversationCounts = Schemas['Counts']

/** One stretch of a conversation's messages, ascending by `seq`. */
export interface MessagePage<M = Message> {
  data: M[]
  last_seq: number
  has_more: boolean
}

export type SurveyResponse = Whole<Schemas['SurveyResponse']>
export type SurveySummary = Whole<Schemas['SurveySummary']>

// --- people's data -----------------------------------------------------------------------------------------------------

export type DataExport = Whole<Schemas['DataExport']>
export type DownloadLink = Schemas['DownloadLink']
export type ErasurePreview = Whole<Schemas['ErasurePreview']>
export type Retention = Whole<Schemas['Retention']>
export type RetentionChoice = Whole<Schemas['RetentionRequest']>
export type RetentionPreview = Schemas['RetentionPreview']
export type Masking = Whole<Schemas['Masking']>
export type MaskingChoice = Whole<Schemas['MaskingRequest']>
export type AddressBlock = Whole<Schemas['AddressBlock']>
export type SpamGuard = Whole<Schemas['SpamGuard']>
export type SpamGuardChoice = Whole<Schemas['SpamGuardRequest']>
/** Whether the audit log is as it was written. */
export type AuditVerdict = Whole<Schemas['Verdict']>

// --- routing -----------------------------------------------------------------------------------------------------------

/** What works, but hardly as meant. */
export type Warning = Whole<Schemas['SetupWarning']>
export type Team = Whole<Schemas['Team']>
export type Brand = Whole<Schemas['Brand']>
export type BrandLook = Whole<Schemas['BrandLook']>
export type Skill = Whole<Schemas['Skill']>
export type AgentSkill = Schemas['AgentSkill']
export type Demand = Schemas['SkillDemand']
export type Slot = Schemas['HoursSlot']
export type SpecialDay = Whole<Schemas['SpecialDay']>
export type Calendar = Whole<Schemas['HoursCalendar']>
export type Weekday = keyof Schemas['WeeklyHours']
export type BusinessHours = Whole<Schemas['BusinessHours']>
export type Strategy = Schemas['PolicyStrategy']
export type Step = Schemas['LadderStep']
export type Rung = Schemas['LadderRung']
export type PolicyRules = Whole<Schemas['PolicyRules']>
export type AssignmentPolicy = Whole<Schemas['AssignmentPolicy']>
export type Condition = Schemas['RoutingCondition']
export type Effects = Whole<Schemas['RoutingEffects']>
export type RoutingRule = Whole<Schemas['RoutingRule']>
export type RuleOutcome = Whole<Schemas['RoutingOutcome']>
export type ContentKind = Schemas['ContentKind']
/** With how often it was seen and followed lately. */
export type WaitingContent = Whole<Schemas['WaitingContent']>
export type QueueThresholds = Whole<Schemas['QueueThresholds']>
/** What was predicted against what it was; shares are from 0 to 1. */
export type WaitEstimates = Whole<Schemas['WaitEstimates']>
export type QueueReason = Schemas['QueueReason']
/** Somebody who waits, as the board shows them. */
export type QueueTicket = Whole<Schemas['BoardEntry']>
/** Loads and capacities are in hundredths of a conversation; the levels of skills by their ids. */
export type QueueSeat = With<Whole<Schemas['BoardAgent']>, { skills: Record<string, number> }>
export type QueueBoard = With<Whole<Schemas['QueueBoard']>, { agents: QueueSeat[] }>

/** What is known of a conversation, for whoever gets it next; answers by their questions. */
export type ConversationSummary = Whole<realtime['schemas']['ConversationSummary']>

/** What became of an offer. */
export type OfferOutcome = realtime['schemas']['OfferOutcome']
/** Where a conversation is handed on to. */
export type Transfer = Schemas['Transfer']

/** Why a conversation went to whom it went. */
export interface Candidate {
  agent_id: string
  /** In hundredths of a conversation. */
  load: number
  capacity: number
  level: number
  refused?: Refusal | null
}
export type Ground = 'named' | 'last_agent' | 'longest_without' | 'least_busy' | 'best_skill' | 'second_round'
export type Refusal =
  | 'offline'
  | 'away'
  | 'full'
  | 'channel_full'
  | 'other_team'
  | 'skill_missing'
  | 'level_too_low'
  | 'language'
  | 'declined'
  | 'not_named'
/** The routing's grounds are whole; of what was done otherwise only the reason is known. */
export interface AssignmentGrounds {
  reason: Ground | 'by_hand' | 'agent_switched_off' | 'not_taken' | QueueReason
  policy?: string | null
  step?: number
  required?: Demand[]
  preferred?: Demand[]
  candidates?: Candidate[]
  waited_seconds?: number
}
export type Assignment = With<Whole<Schemas['Assignment']>, { why: AssignmentGrounds }>

// --- who visitors are ---------------------------------------------------------------------------------------------------

export type IdentityKey = Whole<Schemas['IdentityKey']>
/** `secret` is there only for a shared one. */
export type IdentityKeyCreated = With<Whole<Schemas['IdentityKeyCreated']>, Pick<Schemas['IdentityKeyCreated'], 'secret'>>
export type InboxIdentity = Whole<Schemas['InboxIdentity']>
export type TokenChecked = Whole<Schemas['TokenChecked']>

// --- plans, usage, audit -----------------------------------------------------------------------------------------------

export type Meter = Whole<Schemas['MeterUsage']>
export type Usage = Whole<Schemas['UsageReport']>
export type Currency = Schemas['Currency']
export type Interval = Schemas['BillingInterval']
export type BillingState = Schemas['BillingState']
/** The plan, and how the company stands with paying for it. */
export type Billing = Whole<Schemas['Billing']>
export type Tier = Whole<Schemas['PriceTier']>
export type PriceOffer = Whole<Schemas['PriceOffer']>
/** A plan as it is offered. */
export type Offer = Whole<Schemas['Offer']>
export type Catalogue = Whole<Schemas['Catalogue']>
export type Invoice = Whole<Schemas['Invoice']>
export type InvoiceLine = Whole<Schemas['InvoiceLine']>
export type InvoicePreview = Whole<Schemas['InvoicePreview']>
/** What a change of plan would bring. */
export type ChangePreview = Whole<Schemas['ChangePreview']>
/** How much the company may have, and how fast it may go. */
export type Bounds = Whole<Schemas['Bounds']>
export type AuditEntry = Whole<Schemas['AuditEntry']>
export type Checklist = Schemas['Checklist']

// --- the visitor's side ------------------------------------------------------------------------------------------------

export type WidgetMessage = With<Whole<Schemas['WidgetMessage']>, { content: MessageContent | null }>
export type WidgetConversation = Whole<Schemas['WidgetConversation']>
export type WidgetConfig = Whole<Schemas['WidgetConfig']>
/** `secret` is there only when a new visitor was made. */
export type WidgetSession = With<Whole<Schemas['WidgetSession']>, Pick<Schemas['WidgetSession'], 'secret'>>
export type WidgetChallenge = Schemas['WidgetChallenge']
export type WidgetProof = Schemas['WidgetProof']
/** What came of a visitor's message. */
export type WidgetSent = With<Whole<Schemas['WidgetSent']>, { message: WidgetMessage | null }>

// --- the waiting room ---------------------------------------------------------------------------------------------------

export type WaitEstimate = Schemas['Estimate']
/** The visitor's own place in the line. */
export type QueuePlace = Whole<Schemas['QueuePlace']>
export type WidgetQueue = Whole<Schemas['WidgetQueue']>
/** What is known when an episode begins. */
export type WidgetStart = Schemas['ConversationStart']
/** Another way than to wait. */
export type LeaveForm = Schemas['QueueLeave']
/** Something to look at while one waits. */
export type WaitingCard = Whole<Schemas['WidgetContent']>

// --- emergency plan ------------------------------------------------------------------------------------------------------

/** Another way to reach the company. */
export type EmergencyContact = Schemas['EmergencyContact']
/** What visitors are told while the plan is on; the contacts are there at all times, for when nothing else can be reached. */
export type EmergencyNotice = Whole<Schemas['EmergencyNotice']>
export type Emergency = Whole<Schemas['Emergency']>

// --- realtime ----------------------------------------------------------------------------------------------------------

/** The parts of a message that ordering and optimistic sending need; both audiences' messages have them. */
export type SequencedMessage = Pick<WidgetMessage, 'seq' | 'conversation_id' | 'client_message_id' | 'sender'>

/** One document describes the frames of both audiences; this puts in what one of them gets. */
type ForAudience<Frame, M, C> = Frame extends unknown
  ? {
      [Key in keyof Frame]: Key extends 'message'
        ? M
        : Key extends 'messages'
          ? M[]
          : Key extends 'conversation'
            ? C
            : Key extends 'by' | 'contact' | 'queue' | 'summary'
              ? Whole<Frame[Key]>
              : Frame[Key]
    }
  : never

/** What the server may say over the socket, for an audience whose messages are `M` and conversations `C`. */
export type ServerFrame<M, C> = ForAudience<realtime['schemas']['ServerFrame'], M, C>
/** What a client may say. */
export type ClientFrame = realtime['schemas']['ClientFrame']
