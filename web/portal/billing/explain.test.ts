// Whoever reads a line can compute its amount.
import i18next from 'i18next'
import { expect, it } from 'vitest'
import type { InvoiceLine } from 'client/types'
import { words } from '../words'
import { explain } from './explain'

const i18n = i18next.createInstance()
await i18n.init({
  lng: 'en',
  resources: { en: { app: words.en }, 'zh-CN': { app: words['zh-CN'] } },
  ns: ['app'],
  defaultNS: 'app',
  interpolation: { escapeValue: false },
})
const t = i18n.t

const line = (facts: Partial<InvoiceLine>): InvoiceLine => ({
  kind: 'seats',
  plan: 'pro',
  meter: null,
  quantity: 3,
  included: null,
  unit_micros: 1_900_000_000,
  tiers: [],
  amount_minor: 5_700,
  from: '2027-03-01T00:00:00Z',
  to: '2027-04-01T00:00:00Z',
  description: null,
  ...facts,
})

it('multiplies seats', () => {
  const { title, notes } = explain(t, line({}), 'usd', 'en')
  expect(title).toBe('Pro, 3 seats')
  expect(notes[0]).toBe('3 × $19.00')
  expect(explain(t, line({ quantity: 1 }), 'usd', 'en').title).toBe('Pro, 1 seat')
})

it('says what is given back', () => {
  const { title, notes } = explain(t, line({ kind: 'unused_seats', amount_minor: -950 }), 'usd', 'en')
  expect(title).toBe('Given back: Pro, 3 seats')
  expect(notes[1]).toMatch(/^not needed for the rest of the period, Mar 1/)
})

it('spreads usage over its steps', () => {
  const usage = line({
    kind: 'usage',
    meter: 'conversations',
    quantity: 20_050,
    included: 20_000,
    unit_micros: null,
    tiers: [
      { up_to: 20_000, unit_micros: 0, quantity: 20_000, amount_minor: 0 },
      { up_to: null, unit_micros: 2_000_000, quantity: 50, amount_minor: 100 },
    ],
  })
  const { title, notes } = explain(t, usage, 'usd', 'en')
  expect(title).toBe('Conversations')
  expect(notes.slice(0, 2)).toEqual(['20,050 used, 20,000 included', '50 × $0.02 = $1.00'])
})

it('multiplies a step that the provider has a line for', () => {
  const step = line({ kind: 'usage', meter: 'messages', quantity: 7_580, unit_micros: 50_000 })
  expect(explain(t, step, 'usd', 'en').notes.slice(0, 2)).toEqual(['7,580 used', '7,580 × $0.0005'])
  const free = line({ kind: 'usage', meter: 'messages', quantity: 500_000, unit_micros: 0 })
  expect(explain(t, free, 'usd', 'en').notes).toHaveLength(2)
})

it('takes the words of the provider for what it does not know', () => {
  const other = line({ kind: 'other', plan: null, quantity: null, description: 'Set-up fee' })
  expect(explain(t, other, 'usd', 'en').title).toBe('Set-up fee')
  expect(explain(t, line({ plan: null, description: '3 × Seats' }), 'usd', 'en').title).toBe('3 × Seats')
})

it('speaks Chinese', () => {
  expect(explain(i18n.getFixedT('zh-CN'), line({}), 'cny', 'zh-CN').title).toBe('专业版，3 个席位')
})
