// Every colour a customer can pick must leave readable text.
import { describe, expect, it } from 'vitest'
import { contrast, DEFAULT_COLOR, inkOn, readableOn, safeColor } from './color'

const palette: string[] = []
for (let r = 0; r < 256; r += 51)
  for (let g = 0; g < 256; g += 51)
    for (let b = 0; b < 256; b += 51)
      palette.push(`#${[r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('')}`)

describe('colours', () => {
  it('knows the contrast of black on white', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
  })

  it('always finds ink that reads on a background', () => {
    for (const color of palette) expect(contrast(inkOn(color), color), color).toBeGreaterThanOrEqual(4.5)
  })

  it('always finds a text colour on light and dark surfaces', () => {
    for (const surface of ['#ffffff', '#f4f5f7', '#16181d', '#22252c'])
      for (const color of palette)
        expect(contrast(readableOn(color, surface), surface), `${color} on ${surface}`).toBeGreaterThanOrEqual(4.5)
  })

  it('refuses anything that is not a plain hex colour', () => {
    expect(safeColor('#ABC')).toBe('#aabbcc')
    for (const bad of ['red', '#12345', 'url(x)', '#fff;background:url(x)', null, 7]) {
      expect(safeColor(bad)).toBe(DEFAULT_COLOR)
    }
  })
})
