// Host names out of what people paste.
import { describe, expect, it } from 'vitest'
import { parseDomain, parseDomains } from './domains'

describe('parseDomain', () => {
  it('takes hosts, and the hosts of whole addresses', () => {
    expect(parseDomain('Shop.Example.com')).toBe('shop.example.com')
    expect(parseDomain('https://shop.example.com/tea?x=1#y')).toBe('shop.example.com')
    expect(parseDomain('*.example.com')).toBe('*.example.com')
    expect(parseDomain('localhost:3000')).toBe('localhost:3000')
  })
  it('refuses what is none', () => {
    for (const text of ['', 'shop', 'a..b', '-a.com', 'shop.com:99999', "x.com'; script-src *", '茶.com'])
      expect(parseDomain(text), text).toBe(null)
  })
})

it('takes a pasted list', () => {
  expect(parseDomains('a.com, https://b.com/\n a.com nope')).toEqual({ good: ['a.com', 'b.com'], bad: ['nope'] })
})
