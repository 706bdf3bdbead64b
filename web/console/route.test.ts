// Addresses and places turn into each other.
import { expect, it } from 'vitest'
import { pathOf, placeOf } from './route'

it('reads views and conversations', () => {
  expect(placeOf('/', '')).toEqual({ view: 'mine' })
  expect(placeOf('/snoozed', '')).toEqual({ view: 'snoozed' })
  expect(placeOf('/nonsense', '')).toEqual({ view: 'mine' })
  expect(placeOf('/conversations/conv_01', '')).toEqual({ view: 'open', conversationId: 'conv_01' })
  expect(placeOf('/conversations/conv_01', 'view=mine')).toEqual({ view: 'mine', conversationId: 'conv_01' })
  expect(placeOf('/conversations/conv_01', 'view=evil')).toEqual({ view: 'open', conversationId: 'conv_01' })
})

it('knows the queue board', () => {
  expect(placeOf('/queue', '')).toEqual({ view: 'mine', queue: true })
  expect(pathOf({ view: 'mine', queue: true })).toBe('/queue')
})

it('comes back to where it was', () => {
  const place = { view: 'unassigned', conversationId: 'conv_01' } as const
  const [path = '', search = ''] = pathOf(place).split('?')
  expect(placeOf(path, search)).toEqual(place)
})
