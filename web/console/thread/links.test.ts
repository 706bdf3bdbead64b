// What becomes a link, and above all what does not.
import { describe, expect, it } from 'vitest'
import { linkParts } from './links'

const links = (text: string) => linkParts(text).flatMap((part) => (part.kind === 'link' ? [part.href] : []))
const whole = (text: string) =>
  linkParts(text)
    .map((part) => part.text)
    .join('')

describe('linkParts', () => {
  it('finds web and mail addresses', () => {
    expect(links('See https://shop.example/a?b=c#d or write to ana@shop.example.')).toEqual([
      'https://shop.example/a?b=c#d',
      'mailto:ana@shop.example',
    ])
  })

  it('leaves the sentence its punctuation', () => {
    expect(links('(https://shop.example/a).')).toEqual(['https://shop.example/a'])
    expect(links('https://en.example/wiki/Desk_(disambiguation)')).toEqual([
      'https://en.example/wiki/Desk_(disambiguation)',
    ])
    expect(links('请看 https://shop.example/订单，谢谢')).toEqual(['https://shop.example/订单'])
  })

  it('never links a script', () => {
    expect(links('javascript:alert(1) data:text/html,x vbscript:x file:///etc/passwd')).toEqual([])
  })

  it('loses no character', () => {
    for (const text of ['', 'no links', 'a https://x.example b a@b.example', 'https://', 'https://x.example']) {
      expect(whole(text)).toBe(text)
    }
  })
})
