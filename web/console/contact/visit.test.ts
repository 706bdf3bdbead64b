// Browsers in short, and addresses that are safe to click.
import { expect, it } from 'vitest'
import { deviceOf, webAddress } from './visit'

it('names common browsers', () => {
  expect(
    deviceOf(
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0',
    ),
  ).toBe('Edge · Windows')
  expect(
    deviceOf(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
    ),
  ).toBe('Safari · iPhone')
  expect(deviceOf('Mozilla/5.0 (Linux; Android 14) Chrome/140.0 Mobile Safari/537.36 MicroMessenger/8.0')).toBe(
    'WeChat · Android',
  )
  expect(deviceOf('curl/8.0')).toBeNull()
})

it('links web pages only', () => {
  expect(webAddress('https://shop.example/')).toEqual({ href: 'https://shop.example/', short: 'shop.example' })
  expect(webAddress('https://shop.example/%E8%AE%A2%E5%8D%95?a=1')?.short).toBe('shop.example/订单')
  expect(webAddress('javascript:alert(1)')).toBeNull()
  expect(webAddress('not an address')).toBeNull()
})
