// Colours chosen by customers, made readable: WCAG contrast, ink for a background, and a brand colour fit for text.

type Rgb = readonly [number, number, number]

const INK = '#111827'
const PAPER = '#ffffff'
export const DEFAULT_COLOR = '#1f6feb'

/** Accepts `#rgb` and `#rrggbb`; anything else becomes the default, for the value ends up in a style. */
export function safeColor(value: unknown): string {
  const text = typeof value === 'string' ? value.trim().toLowerCase() : ''
  if (/^#[0-9a-f]{6}$/.test(text)) return text
  if (/^#[0-9a-f]{3}$/.test(text)) return `#${[...text.slice(1)].map((digit) => digit + digit).join('')}`
  return DEFAULT_COLOR
}

function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

function hex(color: Rgb): string {
  return `#${color.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`
}

function luminance(color: string): number {
  const [r, g, b] = rgb(color).map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as unknown as Rgb
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

export function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

export function mix(from: string, to: string, share: number): string {
  const [a, b] = [rgb(from), rgb(to)]
  return hex([0, 1, 2].map((i) => a[i]! + (b[i]! - a[i]!) * share) as unknown as Rgb)
}

/** White or near-black text for a background; white wins while it is readable, as brands expect. */
export function inkOn(background: string): string {
  // One of the three always reaches 4.5: white and pure black cannot both fall short.
  return [PAPER, INK].find((ink) => contrast(background, ink) >= 4.5) ?? '#000000'
}

/** The colour itself, or the nearest darker or lighter one that reads as text on `surface`. */
export function readableOn(color: string, surface: string, ratio = 4.5): string {
  const target = luminance(surface) > 0.18 ? '#000000' : '#ffffff'
  for (let share = 0; share < 1; share += 0.04) {
    const candidate = mix(color, target, share)
    if (contrast(candidate, surface) >= ratio) return candidate
  }
  return target
}
