// Nobody gives away more than they have, here as on the server.
import { expect, test } from 'vitest'
import { asked, fits, mayGive } from './roles'

const reader = { id: 'role_1', permissions: ['conversations.read' as const], visibility: 'teams' as const }

test('nobody gives away more than they have', () => {
  const mine = { permissions: ['conversations.read', 'agents.manage'], visibility: 'teams' as const }
  expect(mayGive(reader, mine)).toBe(true)
  expect(mayGive({ ...reader, visibility: 'all' }, mine)).toBe(false)
  expect(mayGive({ ...reader, permissions: ['audit.read'] }, mine)).toBe(false)
  expect(mayGive({ ...reader, id: 'owner' }, mine)).toBe(false)
})

test('who reaches every conversation sees every conversation', () => {
  expect(fits(['conversations.supervise'], 'teams')).toBe(false)
  expect(fits(['conversations.supervise'], 'all')).toBe(true)
  expect(fits(['conversations.reply'], 'own')).toBe(true)
})

test('a role that the company made is asked for by its id', () => {
  expect(asked('admin')).toEqual({ role: 'admin' })
  expect(asked('role_1')).toEqual({ custom_role_id: 'role_1' })
})
