// Colours people type, and whether they can be read.
import { describe, expect, it } from 'vitest'
import { legibility, parseColor, PRESETS } from './color'

describe('parseColor', () => {
  it('takes what people type', () => {
    expect(parseColor('#1F6FEB')).toBe('#1f6feb')
    expect(parseColor(' abc ')).toBe('#aabbcc')
  })
  it('refuses the rest', () => {
    for (const text of ['', '#12', 'red', '#12345g', 'url(x)', '#1234567']) expect(parseColor(text)).toBe(null)
  })
})

describe('legibility', () => {
  it('tells light, dark and vanishing colours apart', () => {
    expect(legibility('#1f6feb').verdict).toBe('white')
    expect(legibility('#f2bf4e').verdict).toBe('dark')
    expect(legibility('#fdfdf5').verdict).toBe('faint')
  })
  it('offers only colours that carry white words', () => {
    for (const color of PRESETS) expect(legibility(color), color).toMatchObject({ verdict: 'white' })
  })
})
