// Initials in two scripts, and steady colours.
import { describe, expect, it } from 'vitest'
import { hueOf, initials } from './person'

describe('initials', () => {
  it('takes first and last', () => {
    expect(initials('Ana María López')).toBe('AL')
    expect(initials('bo')).toBe('B')
    expect(initials('jane.doe@example.com')).toBe('JD')
  })
  it('takes the given name of a Chinese name', () => {
    expect(initials('王小明')).toBe('小明')
    expect(initials('李 雷')).toBe('李雷')
  })
  it('fits one where there is no room for two', () => {
    expect(initials('Ana María López', 1)).toBe('A')
    expect(initials('王小明', 1)).toBe('明')
  })
  it('survives nothing and astral letters', () => {
    expect(initials(null)).toBe('')
    expect(initials('  ')).toBe('')
    expect(initials('😀 smile')).toBe('😀S')
  })
})

it('gives an id the same hue every time, in range', () => {
  expect(hueOf('cont_01')).toBe(hueOf('cont_01'))
  for (const seed of ['', 'a', 'cont_01jz', 'cont_01ja']) {
    expect(hueOf(seed)).toBeGreaterThanOrEqual(0)
    expect(hueOf(seed)).toBeLessThan(360)
  }
})
