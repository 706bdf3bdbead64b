// Names made small: initials, and a hue that never changes for the same id.
import type { Availability } from 'client/types'

/** One or two letters, none without a name; a Chinese name is known by its last characters, not by its first letters. */
export function initials(name: string | null | undefined, most: 1 | 2 = 2): string {
  const text = (name ?? '').trim()
  if (!text) return ''
  if (/^\p{Script=Han}/u.test(text)) return [...text.replace(/\s/g, '')].slice(-most).join('')
  const words = text
    .replace(/@.*$/, '')
    .split(/[\s._-]+/)
    .filter(Boolean)
  const first = [...(words[0] ?? '?')][0] ?? '?'
  const last = words.length > 1 && most > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : ''
  return (first + last).toUpperCase()
}

/** A hue of 0..359, spread well even for ids that share a prefix. */
export function hueOf(seed: string): number {
  let hash = 2166136261
  for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 16777619)
  return (((hash >>> 0) * 137.508) % 360) | 0
}

/** Whoever can be reached soonest comes first. */
export const PRESENCE_RANK: Readonly<Record<Availability, number>> = {
  online: 0,
  busy: 1,
  away: 2,
  reassigning: 3,
  offline: 4,
}
