// Who takes a seat of the plan: everybody who may sign in, and everybody whose invitation still stands.
import type { Agent, Invitation } from 'client/types'

export function seats(agents: readonly Agent[], invitations: readonly Invitation[], limit: number | null) {
  const taken = agents.filter((agent) => !agent.disabled_at).length
  const coming = invitations.filter((invitation) => invitation.status === 'pending').length
  return { taken, coming, limit, full: limit !== null && taken + coming >= limit }
}

/** The invitations worth seeing: those that wait, and those that could be sent again. The latest of each address. */
export function openInvitations(invitations: readonly Invitation[], agents: readonly Agent[]): Invitation[] {
  const members = new Set(agents.map((agent) => agent.email.toLowerCase()))
  const latest = new Map<string, Invitation>()
  for (const invitation of invitations) {
    const before = latest.get(invitation.email)
    if (!before || before.created_at < invitation.created_at) latest.set(invitation.email, invitation)
  }
  return [...latest.values()]
    .filter((invitation) => invitation.status !== 'accepted' && !members.has(invitation.email.toLowerCase()))
    .sort((a, b) => b.created_at.localeCompare(a.created_at))
}
