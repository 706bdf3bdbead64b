// Progress through the first steps.
import { expect, it } from 'vitest'
import type { Checklist } from 'client/types'
import { allDone, doneCount, nextStep } from './steps'

const none: Checklist = {
  email_verified: false,
  widget_installed: false,
  first_conversation: false,
  first_reply: false,
  teammate_invited: false,
}

it('opens the script tag first, the letter last', () => {
  expect(nextStep(none)).toBe('install')
  expect(nextStep({ ...none, widget_installed: true })).toBe('hello')
  const rest = { widget_installed: true, first_conversation: true, first_reply: true, teammate_invited: true }
  expect(nextStep({ ...none, ...rest })).toBe('verify')
  expect(nextStep({ ...rest, email_verified: true })).toBe(null)
})

it('counts', () => {
  expect(doneCount(none)).toBe(0)
  expect(doneCount({ ...none, first_reply: true })).toBe(1)
  expect(allDone(none)).toBe(false)
  expect(
    allDone({
      ...none,
      email_verified: true,
      widget_installed: true,
      first_conversation: true,
      first_reply: true,
      teammate_invited: true,
    }),
  ).toBe(true)
})
