// Both languages say the same things, with the same blanks to fill.
import { describe, expect, it } from 'vitest'
import { chooseLocale, createWords } from './i18n'
import en from './locales/en.json'
import zh from './locales/zh-CN.json'

const blanks = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort()

describe('words', () => {
  it('are complete in both languages', () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en))
    for (const [word, text] of Object.entries(en)) {
      expect(blanks(zh[word as keyof typeof zh]), word).toEqual(blanks(text))
    }
  })

  it('follow the page, then the inbox, then the browser', () => {
    expect(chooseLocale('zh-CN', 'en', 'en-US')).toBe('zh-CN')
    expect(chooseLocale('auto', 'en', 'zh-CN')).toBe('en')
    expect(chooseLocale(undefined, 'auto', 'zh-TW')).toBe('zh-CN')
    expect(chooseLocale(undefined, undefined, 'fr')).toBe('en')
  })

  it('fill blanks as text, also when the value looks like a pattern', () => {
    expect(createWords('en').t('typing', { name: '$& {text}' })).toBe('$& {text} is typing')
  })

  it('name days as people do, across midnight', () => {
    const words = createWords('en')
    const now = new Date(2026, 2, 1, 0, 30).getTime()
    expect(words.day(now - 60 * 60_000, now)).toBe('Yesterday')
    expect(words.day(now, now)).toBe('Today')
    expect(words.day(new Date(2025, 11, 24).getTime(), now)).toContain('2025')
  })

  it('have kind words for every problem, known or not', () => {
    for (const locale of ['en', 'zh-CN'] as const) {
      const words = createWords(locale)
      for (const code of ['rate_limited', 'network', 'timeout', 'constructor', 'never_heard_of']) {
        expect(words.problem(code)).toMatch(/\S/)
      }
    }
  })
})
