// Links are found where people mean them, and nothing but the web is ever linked.
import { describe, expect, it } from 'vitest'
import { linkify } from './links'

const hrefs = (text: string) => linkify(text).flatMap((piece) => piece.href ?? [])

describe('linkify', () => {
  it('never loses or changes a character of the text', () => {
    for (const text of [
      '',
      'plain',
      'a https://x.test/b?c=d#e, f',
      'http://',
      '（见 https://例子.测试/路径）。',
      '<b>https://x.test</b>',
    ]) {
      expect(
        linkify(text)
          .map((piece) => piece.text)
          .join(''),
      ).toBe(text)
    }
  })

  it('leaves a sentence its punctuation', () => {
    expect(hrefs('See https://x.test/a. Or (https://x.test/b_(c)), ok?')).toEqual([
      'https://x.test/a',
      'https://x.test/b_(c)',
    ])
    expect(hrefs('请看https://x.test/路径。谢谢')).toEqual(['https://x.test/%E8%B7%AF%E5%BE%84'])
  })

  it('links nothing but http and https, and no disguised hosts', () => {
    for (const bad of [
      'javascript:alert(1)',
      'data:text/html,<script>alert(1)</script>',
      'vbscript:x',
      'file:///etc/passwd',
      'https://bank.test@evil.test/',
      'xhttps://x.test',
      'https://',
    ])
      expect(hrefs(bad), bad).toEqual([])
  })

  it('stops at quotes, markup and direction overrides', () => {
    expect(hrefs('"https://x.test/a"onmouseover=alert(1)')).toEqual(['https://x.test/a'])
    expect(hrefs('https://x.test/a<img src=x>')).toEqual(['https://x.test/a'])
    expect(hrefs('https://x.test/\u202egpj.exe')).toEqual(['https://x.test/'])
  })
})
