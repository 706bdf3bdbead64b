// What keys are called.
import { expect, it } from 'vitest'
import { nameOf } from './useShortcuts'

const press = (key: string, held: Partial<KeyboardEvent> = {}) =>
  nameOf({ key, metaKey: false, ctrlKey: false, altKey: false, ...held })

it('names keys the same on every system', () => {
  expect(press('j')).toBe('j')
  expect(press('J')).toBe('j')
  expect(press('?')).toBe('?')
  expect(press('k', { metaKey: true })).toBe('mod+k')
  expect(press('k', { ctrlKey: true })).toBe('mod+k')
  expect(press('e', { altKey: true })).toBe('alt+e')
  expect(press('Escape')).toBe('Escape')
})
