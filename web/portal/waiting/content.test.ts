// What each kind needs, and what is sent of it.
import { expect, it } from 'vitest'
import { bodyOf, isWhole, NEW, share } from './content'

it('needs what its kind is about', () => {
  const titled = { ...NEW, title: 'Tea' }
  expect(isWhole(NEW)).toBe(false)
  expect(isWhole(titled)).toBe(true)
  expect([
    isWhole({ ...titled, kind: 'video' }),
    isWhole({ ...titled, kind: 'video', media_url: 'https://a.example/v.mp4' }),
  ]).toEqual([false, true])
  expect([isWhole({ ...titled, kind: 'coupon' }), isWhole({ ...titled, kind: 'coupon', coupon_code: 'TEA' })]).toEqual([
    false,
    true,
  ])
  expect([
    isWhole({ ...titled, kind: 'article' }),
    isWhole({ ...titled, kind: 'article', link_url: 'https://a.example' }),
  ]).toEqual([false, true])
})

it('sends nothing empty, and no coupon with what is none', () => {
  expect(bodyOf({ ...NEW, title: ' Tea ', coupon_code: 'TEA' })).toMatchObject({
    title: 'Tea',
    coupon_code: null,
    media_url: null,
    link_url: null,
  })
})

it('knows no share of nobody', () => {
  expect([share({ impressions: 0, clicks: 0 }), share({ impressions: 8, clicks: 2 })]).toEqual([null, 0.25])
})
