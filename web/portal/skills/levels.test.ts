// Levels are set, changed and taken away, and nobody else's with them.
import { expect, it } from 'vitest'
import { levelOf, withLevel } from './levels'

it('sets, changes and takes away a level', () => {
  const none = [{ skill_id: 'skill_b', level: 2 }]
  const some = withLevel(none, 'skill_a', 3)
  expect(levelOf(some, 'skill_a')).toBe(3)
  expect(levelOf(withLevel(some, 'skill_a', 5), 'skill_a')).toBe(5)
  expect(withLevel(some, 'skill_a', 0)).toEqual(none)
  expect(levelOf([], 'skill_a')).toBe(0)
})
