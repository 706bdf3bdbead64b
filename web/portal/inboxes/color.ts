// Colours of the widget: reading what people type, and how well words on the colour will be read.
import { contrast, inkOn } from '../../widget/shared/color'

export const PRESETS = [
  '#1f6feb',
  '#5161d6',
  '#7a4fd0',
  '#b3367f',
  '#c4283c',
  '#b4552d',
  '#8a6a10',
  '#2f7d4f',
  '#2f5d50',
  '#0f7490',
  '#334155',
  '#1b1c22',
]

/** `#rrggbb` in small letters, from what people type: with or without #, three or six digits. */
export function parseColor(text: string): string | null {
  const digits = text.trim().replace(/^#/, '').toLowerCase()
  if (/^[0-9a-f]{6}$/.test(digits)) return `#${digits}`
  if (/^[0-9a-f]{3}$/.test(digits)) return `#${[...digits].map((digit) => digit + digit).join('')}`
  return null
}

/** `white`: white words on it are easy to read. `dark`: the widget will write dark ones. `faint`: it vanishes on a white page. */
export type Verdict = 'white' | 'dark' | 'faint'

export function legibility(color: string): { verdict: Verdict; ratio: number; ink: string } {
  const ink = inkOn(color)
  const ratio = contrast(color, ink)
  if (contrast(color, '#ffffff') < 1.35) return { verdict: 'faint', ratio, ink }
  return { verdict: ink === '#ffffff' ? 'white' : 'dark', ratio, ink }
}
