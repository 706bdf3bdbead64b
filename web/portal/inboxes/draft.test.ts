// Only what changed is sent.
import { expect, it } from 'vitest'
import { changes, draftOf, type Draft } from './draft'

const before: Draft = draftOf({
  name: 'Shop',
  settings: {
    color: '#1f6feb',
    position: 'right',
    title: 'Shop',
    greeting: '',
    away_message: '',
    locale: 'auto',
    theme: 'auto',
    survey_enabled: true,
    allowed_domains: ['a.com'],
  },
})

it('is nothing when nothing changed', () => {
  expect(changes(before, { ...before, allowed_domains: ['a.com'], name: ' Shop ' })).toBe(null)
})

it('is the changed settings alone', () => {
  expect(changes(before, { ...before, color: '#000000' })).toEqual({ settings: { color: '#000000' } })
  expect(changes(before, { ...before, name: 'Help' })).toEqual({ name: 'Help' })
  expect(changes(before, { ...before, name: 'Help', allowed_domains: [] })).toEqual({
    name: 'Help',
    settings: { allowed_domains: [] },
  })
})
