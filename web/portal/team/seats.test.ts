// Seats of the plan, and invitations that still matter.
import { expect, it } from 'vitest'
import type { Agent, Invitation } from 'client/types'
import { openInvitations, seats } from './seats'

const agent = (email: string, disabled_at: string | null = null) => ({ email, disabled_at }) as Agent
const invitation = (email: string, status: Invitation['status'], created_at: string) =>
  ({ id: `${email}${created_at}`, email, status, created_at }) as Invitation

it('counts who may sign in, and who is asked to', () => {
  const agents = [agent('a@x.co'), agent('b@x.co', '2027-01-01T00:00:00Z')]
  expect(seats(agents, [invitation('c@x.co', 'pending', '1')], 2)).toEqual({
    taken: 1,
    coming: 1,
    limit: 2,
    full: true,
  })
  expect(seats(agents, [invitation('c@x.co', 'expired', '1')], 2).full).toBe(false)
  expect(seats(agents, [], null).full).toBe(false)
})

it('shows the latest invitation of whoever is not here yet', () => {
  const list = [
    invitation('a@x.co', 'expired', '1'),
    invitation('c@x.co', 'expired', '1'),
    invitation('c@x.co', 'pending', '2'),
    invitation('d@x.co', 'accepted', '3'),
    invitation('e@x.co', 'revoked', '4'),
  ]
  expect(openInvitations(list, [agent('A@x.co')]).map((each) => each.id)).toEqual(['e@x.co4', 'c@x.co2'])
})
