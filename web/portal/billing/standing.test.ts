// Every state says what it means, and only what presses is said everywhere.
import { expect, it } from 'vitest'
import { company, subscriber } from './fixtures'
import { daysLeft, notice, pressing } from './standing'

const NOW = Date.parse('2027-03-10T12:00:00Z')
const trial = (ends_at: string) => company({ state: 'trialing', plan: 'pro', trial: { available: false, ends_at } })

it('counts begun days', () => {
  expect(daysLeft('2027-03-10T13:00:00Z', NOW)).toBe(1)
  expect(daysLeft('2027-03-24T12:00:00Z', NOW)).toBe(14)
  expect(daysLeft('2027-03-01T12:00:00Z', NOW)).toBe(0)
})

it('is silent while there is nothing to say', () => {
  expect(notice(company(), NOW)).toBeNull()
  expect(notice(subscriber(), NOW)).toBeNull()
})

it('tells a trial from one that nears its end and one that has been bought', () => {
  expect(notice(trial('2027-03-24T12:00:00Z'), NOW)).toMatchObject({ key: 'trial', until: '2027-03-24T12:00:00Z' })
  expect(notice(trial('2027-03-13T12:00:00Z'), NOW)).toMatchObject({ key: 'trial_ending', tone: 'warn' })
  expect(notice(subscriber({ state: 'trialing' }), NOW)).toMatchObject({ key: 'trial_bought' })
})

it('says when it ends, whatever the state', () => {
  for (const state of ['active', 'trialing'] as const)
    expect(notice(subscriber({ state, cancels_at_end: true }), NOW)).toMatchObject({
      key: 'cancelling',
      until: '2027-04-01T00:00:00Z',
    })
})

it('tells an unpaid bill from a provider that is not heard of', () => {
  const grace_ends_at = '2027-03-08T00:00:00Z'
  expect(notice(subscriber({ state: 'restricted', grace_ends_at }), NOW)?.key).toBe('restricted')
  expect(notice(subscriber({ state: 'restricted' }), NOW)?.key).toBe('unheard')
})

it('presses only where something is about to happen', () => {
  expect(pressing(trial('2027-03-24T12:00:00Z'), NOW)).toBeNull()
  expect(pressing(subscriber({ cancels_at_end: true }), NOW)).toBeNull()
  expect(pressing(company({ state: 'ended' }), NOW)).toBeNull()
  expect(pressing(trial('2027-03-11T12:00:00Z'), NOW)?.key).toBe('trial_ending')
  expect(pressing(subscriber({ state: 'grace' }), NOW)?.key).toBe('grace')
})
