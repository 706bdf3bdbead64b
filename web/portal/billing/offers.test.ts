// Every state has its choices, and prices are what the list says.
import { expect, it } from 'vitest'
import { company, FREE, PRO, SCALE, subscriber } from './fixtures'
import { choice, cost, firstPrice, likelyCurrency, priceOf, saving, seatBounds, tiersOf, triable } from './offers'

const tiers = tiersOf(priceOf(PRO, 'usd', 'month'), 'conversations')

it('offers what the state allows', () => {
  expect(choice(company(), FREE, 'month')).toBe('current')
  expect(choice(company(), PRO, 'month')).toBe('buy')
  expect(choice(company({ state: 'trialing', plan: 'pro' }), PRO, 'month')).toBe('buy')
  expect(choice(company({ state: 'ended' }), SCALE, 'year')).toBe('buy')
  expect(choice(subscriber(), FREE, 'month')).toBe('none')
  expect(choice(subscriber(), PRO, 'month')).toBe('current')
  expect(choice(subscriber(), PRO, 'year')).toBe('rhythm')
  expect(choice(subscriber({ state: 'grace' }), SCALE, 'month')).toBe('change')
  expect(choice(subscriber({ state: 'restricted' }), SCALE, 'month')).toBe('settle')
  expect(choice(subscriber({ state: 'restricted' }), PRO, 'month')).toBe('current')
})

it('lets a plan be tried once, and not beside a subscription', () => {
  expect(triable(company(), PRO)).toBe(true)
  expect(triable(company(), FREE)).toBe(false)
  expect(triable(company({ trial: { available: false, ends_at: null } }), PRO)).toBe(false)
  expect(triable(subscriber({ trial: { available: true, ends_at: null } }), PRO)).toBe(false)
})

it('sells no fewer seats than are taken and no more than the plan has', () => {
  expect(seatBounds(company(), PRO)).toEqual({ least: 2, most: 50, start: 2 })
  expect(seatBounds(subscriber(), SCALE)).toEqual({ least: 2, most: 1_000, start: 3 })
  expect(seatBounds(subscriber({ seats: { taken: 2, total: 60, most: 1_000 } }), PRO).start).toBe(50)
})

it('counts each thing at the price of its step', () => {
  expect([0, 100, 101, 150, 152].map((quantity) => cost(tiers, quantity))).toEqual([0, 0, 2, 100, 101])
  expect(cost([], 5)).toBe(0)
  expect([firstPrice(tiers), firstPrice([])]).toEqual([2_000_000, null])
})

it('says what a year saves, no more than every plan does', () => {
  expect(saving([FREE, PRO], 'usd')).toBeCloseTo(1 / 6)
  expect(saving([FREE], 'usd')).toBeNull()
  expect(saving([PRO], 'eur')).toBeNull()
})

it('guesses the currency, of those that are sold', () => {
  const sold = ['usd', 'eur', 'cny'] as const
  expect(likelyCurrency('en', 'en-US', sold)).toBe('usd')
  expect(likelyCurrency('en', 'de', sold)).toBe('eur')
  expect(likelyCurrency('zh-CN', 'en-US', sold)).toBe('cny')
  expect(likelyCurrency('en', 'fr-FR', ['usd'])).toBe('usd')
})
