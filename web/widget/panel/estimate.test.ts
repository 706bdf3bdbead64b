// What a visitor is told of their wait, in both languages.
import { describe, expect, it } from 'vitest'
import { roundedWait } from 'client/estimate'
import { estimateWords, opensWords } from './estimate'
import { createWords } from './i18n'

const en = createWords('en')
const zh = createWords('zh-CN')
const minutes = (about: number, low: number, high: number) => ({
  seconds: about * 60,
  low_seconds: low * 60,
  high_seconds: high * 60,
})

describe('an estimate', () => {
  it('is a number of minutes and what it may become', () => {
    expect(estimateWords(en, minutes(4.2, 2.4, 6.3))).toBe('about 4 minutes (2–7)')
    expect(estimateWords(zh, minutes(4.2, 2.4, 6.3))).toBe('约 4 分钟（2–7）')
    expect(estimateWords(en, minutes(1.2, 0.3, 2.2))).toBe('about 1 minute (up to 3)')
    expect(estimateWords(en, minutes(0.3, 0.1, 0.8))).toBe('less than a minute')
    expect(estimateWords(en, minutes(3, 3, 3))).toBe('about 3 minutes')
  })

  it('gets rounder the longer it is', () => {
    expect(estimateWords(en, minutes(12.4, 7, 19))).toBe('about 10 minutes (5–20)')
    expect(estimateWords(en, minutes(48, 31, 72))).toBe('about 45 minutes (30–75)')
    expect(estimateWords(en, minutes(130, 95, 200))).toBe('about 2 hours (1.5–3.5)')
    expect(estimateWords(zh, minutes(130, 95, 200))).toBe('约 2 小时（1.5–3.5）')
  })

  it('never narrows what the server said', () => {
    for (let s = 0; s < 40_000; s += 37) {
      const given = { seconds: s, low_seconds: s * 0.6, high_seconds: s * 1.7 }
      const said = roundedWait(given)!
      const unit = said.unit === 'hours' ? 3600 : 60
      expect(said.low * unit).toBeLessThanOrEqual(given.low_seconds)
      expect(said.high * unit).toBeGreaterThanOrEqual(given.high_seconds)
      expect(said.about).toBeGreaterThanOrEqual(said.low)
      expect(said.about).toBeLessThanOrEqual(said.high)
      expect(said.about).toBeGreaterThan(0)
    }
  })

  it('is not said when it is not known', () => {
    expect(estimateWords(en, null)).toBeNull()
    expect(estimateWords(en, minutes(60 * 30, 60, 60 * 60))).toBeNull()
    expect(estimateWords(en, { seconds: Number.NaN, low_seconds: 0, high_seconds: Number.NaN })).toBeNull()
  })
})

describe('an opening', () => {
  const now = new Date(2026, 2, 2, 20, 0).getTime()
  const at = (day: number, hour: number) => new Date(2026, 2, day, hour, 0).toISOString()

  it('is named as people name days', () => {
    expect(opensWords(en, at(2, 21), now)).toMatch(/^today at 9:00\sPM$/)
    expect(opensWords(en, at(3, 9), now)).toMatch(/^tomorrow at 9:00\sAM$/)
    expect(opensWords(en, at(5, 9), now)).toMatch(/^on Thursday at 9:00\sAM$/)
    expect(opensWords(en, at(20, 9), now)).toMatch(/^on Fri, March 20 at 9:00\sAM$/)
    expect(opensWords(zh, at(3, 9), now)).toBe('明天 9:00')
    expect(opensWords(zh, at(5, 9), now)).toBe('星期四 9:00')
  })

  it('is not named when nobody knows it', () => {
    expect(opensWords(en, null, now)).toBeNull()
    expect(opensWords(en, 'soon', now)).toBeNull()
  })
})
