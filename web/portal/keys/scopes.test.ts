// Scopes in groups, reading first, unknown ones kept.
import { expect, it } from 'vitest'
import { groupScopes, readOnly } from './scopes'

const all = ['conversations.reply', 'conversations.read', 'contacts.write', 'webhooks.shake', 'contacts.read']

it('groups by noun', () => {
  expect(groupScopes(all)).toEqual([
    { noun: 'conversations', scopes: ['conversations.read', 'conversations.reply'] },
    { noun: 'contacts', scopes: ['contacts.read', 'contacts.write'] },
    { noun: 'webhooks', scopes: ['webhooks.shake'] },
  ])
})

it('knows what only reads', () => {
  expect(readOnly(all)).toEqual(['conversations.read', 'contacts.read'])
})
