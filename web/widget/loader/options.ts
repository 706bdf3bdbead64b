// What a page may set: on the script tag, in `boot`, or later in `update`. Everything is checked, nothing is trusted.

import { safeColor } from '../shared/color'
import type { Choices, LocaleChoice, Side, ThemeChoice } from '../shared/protocol'

export interface Options extends Choices {
  key?: string
  position?: Side
  hideLauncher?: boolean
  /** `false`: load nothing but the launcher until somebody opens it. */
  autoStart?: boolean
  /** Pixels from the side and the bottom of the window. */
  side?: number
  bottom?: number
  /** Where the chat is, for a page that has this script from elsewhere. */
  server?: string
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((choice) => choice === value)
}

export function locale(value: unknown): LocaleChoice | undefined {
  if (typeof value !== 'string') return undefined
  if (value === 'auto') return 'auto'
  if (/^zh\b/i.test(value)) return 'zh-CN'
  return /^en\b/i.test(value) ? 'en' : undefined
}

export function theme(value: unknown): ThemeChoice | undefined {
  return oneOf(value, ['auto', 'light', 'dark'])
}

function flag(value: unknown): boolean | undefined {
  if (value === true || value === '' || value === 'true') return true
  return value === false || value === 'false' ? false : undefined
}

function pixels(value: unknown): number | undefined {
  const number = value === undefined || value === '' ? Number.NaN : Number(value)
  return Number.isFinite(number) ? Math.min(400, Math.max(0, number)) : undefined
}

function origin(value: unknown): string | undefined {
  try {
    const url = new URL(String(value))
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.origin : undefined
  } catch {
    return undefined
  }
}

/** Reads camelCase and snake_case alike, for pages write both. Absent and unusable values stay absent. */
export function readOptions(input: unknown): Options {
  const given = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>
  const value = (camel: string, snake = camel) => given[camel] ?? given[snake]
  const options: Options = {
    key: typeof given['key'] === 'string' && /^[\w-]{3,80}$/.test(given['key']) ? given['key'] : undefined,
    color: given['color'] === undefined ? undefined : safeColor(given['color']),
    position: oneOf(given['position'], ['left', 'right']),
    locale: locale(given['locale']),
    theme: theme(given['theme']),
    hideLauncher: flag(value('hideLauncher', 'hide_launcher')),
    autoStart: flag(value('autoStart', 'auto_start')),
    side: pixels(given['side']),
    bottom: pixels(given['bottom']),
    server: origin(given['server']),
  }
  return Object.fromEntries(Object.entries(options).filter(([, entry]) => entry !== undefined)) as Options
}
