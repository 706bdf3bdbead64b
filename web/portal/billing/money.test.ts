// Cents, fen, and prices far below a cent.
import { expect, it } from 'vitest'
import { major, minor, money, price, sign, unitPrice } from './money'

it('writes amounts as the reader does', () => {
  expect(money(5_770, 'usd', 'en')).toBe('$57.70')
  expect(money(-950, 'eur', 'en')).toBe('-€9.50')
  expect(money(12_900, 'cny', 'zh-CN')).toBe('¥129.00')
  expect(money(1_900, 'usd', 'zh-CN')).toBe('US$19.00')
})

it('leaves out cents that are none', () => {
  expect(price(1_900, 'usd', 'en')).toBe('$19')
  expect(price(1_583, 'usd', 'en')).toBe('$15.83')
})

it('shows what one message costs', () => {
  expect(unitPrice(50_000, 'usd', 'en')).toBe('$0.0005')
  expect(unitPrice(2_000_000, 'usd', 'en')).toBe('$0.02')
  expect(unitPrice(1_900_000_000, 'usd', 'en')).toBe('$19.00')
  expect(unitPrice(350_000, 'cny', 'zh-CN')).toBe('¥0.0035')
})

it('loses nothing between what is typed and what is sent', () => {
  for (const amount of [1, 29, 1_115, 99_999, 100_000_000_000]) expect(minor(major(amount, 'eur'), 'eur')).toBe(amount)
  expect(minor(1.15, 'usd')).toBe(115)
})

it('knows the sign', () => {
  expect([sign('usd', 'en'), sign('cny', 'zh-CN'), sign('usd', 'zh-CN')]).toEqual(['$', '¥', 'US$'])
})
