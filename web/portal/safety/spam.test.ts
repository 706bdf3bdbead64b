// A choice is changed when something of it is, and holds nothing that cannot be sent.
import { expect, it } from 'vitest'
import { choiceOf, sameChoice } from './spam'

it('knows what was changed', () => {
  const now = { active: true, visitors_per_minute: 30, conversations_per_minute: null, updated_at: null }
  const choice = choiceOf(now)
  expect(choice).toEqual({ active: true, visitors_per_minute: 30, conversations_per_minute: null })
  expect(sameChoice(choice, { ...choice })).toBe(true)
  for (const change of [{ active: false }, { visitors_per_minute: 31 }, { conversations_per_minute: 20 }]) {
    expect(sameChoice(choice, { ...choice, ...change })).toBe(false)
  }
})
