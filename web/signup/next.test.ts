// Nobody is sent to another site, and a deep link survives the detour over the login.
import { describe, expect, it } from 'vitest'
import { keepNext, linkToken, mustChoose, nextPage } from './next'

describe('nextPage', () => {
  it('follows our own pages only', () => {
    expect(nextPage('?next=%2Fportal%2Fteam')).toBe('/portal/team')
    expect(nextPage('?next=https%3A%2F%2Fevil.example')).toBe('/console')
    expect(nextPage('?next=%2F%2Fevil.example')).toBe('/console')
    expect(nextPage('')).toBe('/console')
  })
})

it('keeps the way on between these pages', () => {
  expect(keepNext('/signup', '?next=%2Fportal%3Fa%3D1')).toBe('/signup?next=%2Fportal%3Fa%3D1')
  expect(keepNext('/signup', '')).toBe('/signup')
})

it('reads the secret of a link', () => {
  expect(linkToken('?token=abc%20')).toBe('abc')
  expect(linkToken('')).toBe('')
})

it('asks only when there is a choice', () => {
  const account = {
    id: 'acct_1',
    name: 'A',
    slug: 'a',
    role: 'agent' as const,
    custom_role: null,
    status: 'active' as const,
    delete_after: null,
  }
  expect(mustChoose({ accounts: [account] })).toBe(false)
  expect(mustChoose({ accounts: [account, account] })).toBe(true)
  expect(mustChoose({ accounts: [account, { ...account, status: 'closed' }] })).toBe(false)
})
