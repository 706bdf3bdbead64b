// Holds when a choice of how long things are kept could lose something.
import { expect, it } from 'vitest'
import { isShorter, sameChoice } from './retention'

const never = { conversation_days: null, contact_days: null, audit_days: null }

it('knows when something could be lost', () => {
  expect(isShorter(never, { ...never, audit_days: 30 })).toBe(true)
  expect(isShorter({ ...never, audit_days: 30 }, { ...never, audit_days: 60 })).toBe(false)
  expect(isShorter({ ...never, audit_days: 30 }, never)).toBe(false)
  expect(sameChoice(never, { ...never })).toBe(true)
})
