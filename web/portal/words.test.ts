// Rooms add their words to what others began, and take none away.
import { expect, it } from 'vitest'
import { laid, words } from './words'

it('lays one dictionary over another', () => {
  const under = { audit: { action: { team: 'a' } }, nav: 'b' }
  expect(laid({ audit: { action: { brand: 'c' } } }, under)).toEqual({
    audit: { action: { team: 'a', brand: 'c' } },
    nav: 'b',
  })
  expect(under).toEqual({ audit: { action: { team: 'a' } }, nav: 'b' })
})

it('has what the log calls an action from every room', () => {
  const { audit } = words['en'] as { audit: { action: Record<string, unknown> } }
  expect(Object.keys(audit.action)).toEqual(expect.arrayContaining(['account', 'team', 'waiting_content']))
})
