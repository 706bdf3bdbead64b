// What the portal reads. Every key begins with the account, for another tab may switch it under our feet.
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import type {
  AccountGroup,
  AddressBlock,
  Agent,
  ApiKey,
  AssignmentPolicy,
  AuditEntry,
  Billing,
  Bounds,
  Brand,
  BusinessHours,
  Catalogue,
  Checklist,
  ConversationCounts,
  Emergency,
  GroupMember,
  GroupOverview,
  Inbox,
  InboxIdentity,
  Invitation,
  Invoice,
  InvoicePreview,
  Masking,
  Organisation,
  OrganisationView,
  Page,
  RoleView,
  RoutingRule,
  Security,
  SignedInSession,
  SignInSettings,
  Skill,
  SpamGuard,
  SurveyResponse,
  SurveySummary,
  Team,
  Usage,
  WaitEstimates,
  WaitingContent,
} from 'client/types'
import { http, useMe } from 'ui/session'
import { allDone } from '../overview/steps'

interface Options {
  enabled?: boolean
  /** Milliseconds between looks, for what changes by itself. */
  every?: number
}

function useOne<T>(name: string, path: string, query?: Record<string, string>, options: Options = {}) {
  const account = useMe().account.id
  return useQuery({
    queryKey: query ? [account, name, query] : [account, name],
    queryFn: ({ signal }) => http.get<T>(path, query, { signal }),
    enabled: options.enabled ?? true,
    refetchInterval: options.every ?? false,
  })
}

function useList<T>(name: string, path: string, options: Options = {}) {
  const account = useMe().account.id
  return useQuery({
    queryKey: [account, name],
    queryFn: ({ signal }) => http.get<Page<T>>(path, undefined, { signal }),
    select: (page) => page.data,
    enabled: options.enabled ?? true,
    refetchInterval: options.every ?? false,
  })
}

function usePages<T>(name: string, path: string, limit = 25, query: Record<string, string> = {}) {
  const account = useMe().account.id
  return useInfiniteQuery({
    queryKey: [account, name, 'pages', query],
    queryFn: ({ pageParam, signal }) => http.get<Page<T>>(path, { ...query, cursor: pageParam, limit }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  })
}

/** Looked at again and again until every step is done; they never become undone. */
export function useChecklist(options: Options = {}) {
  const account = useMe().account.id
  return useQuery({
    queryKey: [account, 'checklist'],
    queryFn: ({ signal }) => http.get<Checklist>('/v1/account/checklist', undefined, { signal }),
    enabled: options.enabled ?? true,
    refetchInterval: ({ state }) => (state.data && allDone(state.data) ? false : (options.every ?? false)),
  })
}

export const useCounts = (options?: Options) =>
  useOne<ConversationCounts>('counts', '/v1/conversations/counts', undefined, options)
export const useUsage = (period: string, options?: Options) => useOne<Usage>('usage', '/v1/usage', { period }, options)
export const useBilling = (options?: Options) => useOne<Billing>('billing', '/v1/billing', undefined, options)
export const useCatalogue = () => useOne<Catalogue>('catalogue', '/v1/billing/catalogue')
export const useInvoicePreview = (options?: Options) =>
  useOne<{ preview: InvoicePreview | null }>('invoice-preview', '/v1/billing/invoice-preview', undefined, options)
export const useInvoice = (id: string) =>
  useOne<Invoice>(`invoice ${id}`, `/v1/billing/invoices/${encodeURIComponent(id)}`)
export const useRatingsSummary = (options?: Options) =>
  useOne<SurveySummary>('ratings-summary', '/v1/survey-responses/summary', undefined, options)
export const useInbox = (id: string) => useOne<Inbox>(`inbox ${id}`, `/v1/inboxes/${encodeURIComponent(id)}`)

export const useIdentity = (inbox: string) =>
  useOne<InboxIdentity>(`identity ${inbox}`, `/v1/inboxes/${encodeURIComponent(inbox)}/identity`)
export const useLimits = (options?: Options) => useOne<Bounds>('limits', '/v1/limits', undefined, options)

export const useEmergency = (options?: Options) => useOne<Emergency>('emergency', '/v1/emergency', undefined, options)

export const useAddressBlocks = () => useList<AddressBlock>('address-blocks', '/v1/safety/addresses')
export const useSpamGuard = () => useOne<SpamGuard>('spam-guard', '/v1/safety/spam-guard')
export const useMasking = () => useOne<Masking>('masking', '/v1/safety/masking')

export const useWaitEstimates = (days: number) =>
  useOne<WaitEstimates>('wait-estimates', '/v1/reports/wait-estimates', { days: String(days) })

export const useInboxes = (options?: Options) => useList<Inbox>('inboxes', '/v1/inboxes', options)
export const useAgents = (options?: Options) => useList<Agent>('agents', '/v1/agents', options)
export const useAccountGroup = () => useOne<AccountGroup>('account-group', '/v1/account/organisation')
export const useGroups = (options?: Options) => useList<Organisation>('groups', '/v1/organisations', options)
const groupPath = (id: string) => `/v1/organisations/${encodeURIComponent(id)}`
export const useGroup = (id: string) => useOne<OrganisationView>(`group ${id}`, groupPath(id))
export const useGroupOverview = (id: string) =>
  useOne<GroupOverview>(`group-overview ${id}`, `${groupPath(id)}/overview`, undefined, { every: 30_000 })
export const useGroupMembers = (id: string, account: string) =>
  useList<GroupMember>(`group-members ${account}`, `${groupPath(id)}/accounts/${encodeURIComponent(account)}/members`)
export const useRoles = (options?: Options) => useList<RoleView>('roles', '/v1/roles', options)
export const useTeams = (options?: Options) => useList<Team>('teams', '/v1/teams', options)
export const useBrands = (options?: Options) => useList<Brand>('brands', '/v1/brands', options)
export const useSkills = (options?: Options) => useList<Skill>('skills', '/v1/skills', options)
export const useHours = (options?: Options) => useList<BusinessHours>('hours', '/v1/business-hours', options)
export const usePolicies = (options?: Options) =>
  useList<AssignmentPolicy>('policies', '/v1/assignment-policies', options)
export const useRules = (options?: Options) => useList<RoutingRule>('rules', '/v1/routing-rules', options)
export const useContents = (options?: Options) => useList<WaitingContent>('contents', '/v1/waiting-content', options)
export const useInvitations = (options?: Options) => useList<Invitation>('invitations', '/v1/invitations', options)
export const useApiKeys = (options?: Options) => useList<ApiKey>('api-keys', '/v1/api-keys', options)

export const useSecurity = () => useOne<Security>('security', '/v1/auth/security')
export const useOwnSessions = () => useList<SignedInSession>('sessions', '/v1/auth/sessions')
export const useSessionsOf = (agent: string) =>
  useList<SignedInSession>(`sessions ${agent}`, `/v1/agents/${encodeURIComponent(agent)}/sessions`)
export const useSignIn = () => useOne<SignInSettings>('sign-in', '/v1/account/sign-in')

export const useRatings = () => usePages<SurveyResponse>('ratings', '/v1/survey-responses', 20)
export const useInvoices = () => usePages<Invoice>('invoices', '/v1/billing/invoices')
export const useAudit = (query: Record<string, string> = {}) =>
  usePages<AuditEntry>('audit', '/v1/audit-log', 40, query)

/** Asks again for what a change has made old. */
export function useRefresh(): (...names: string[]) => Promise<void> {
  const client = useQueryClient()
  const account = useMe().account.id
  return useCallback(
    async (...names) => {
      await Promise.all(names.map((name) => client.invalidateQueries({ queryKey: [account, name] })))
    },
    [client, account],
  )
}
