// The panel's words: two plain dictionaries, the choice between them, and dates in the reader's way.

import en from './locales/en.json'
import zh from './locales/zh-CN.json'

export type Locale = 'en' | 'zh-CN'
export type Word = keyof typeof en

const dictionaries: Record<Locale, Record<Word, string>> = { en, 'zh-CN': zh }

export interface Words {
  locale: Locale
  t(word: Word, values?: Record<string, string | number>): string
  time(at: number): string
  day(at: number, now?: number): string
  /** The kind words for a problem's code. */
  problem(code: string): string
}

/** The page's choice, then the inbox's, then the browser's; a language that we do not speak is no choice. */
export function chooseLocale(page: string | undefined, inbox: string | undefined, browser: string): Locale {
  for (const choice of [page, inbox]) if (choice === 'en' || choice === 'zh-CN') return choice
  return /^zh\b/i.test(browser) ? 'zh-CN' : 'en'
}

export function createWords(locale: Locale): Words {
  const dictionary = dictionaries[locale]
  const time = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' })
  const day = new Intl.DateTimeFormat(locale, { weekday: 'short', month: 'short', day: 'numeric' })
  const longDay = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', day: 'numeric' })

  function t(word: Word, values: Record<string, string | number> = {}): string {
    return dictionary[word].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
  }

  return {
    locale,
    t,
    time: (at) => time.format(at),
    day(at, now = Date.now()) {
      const days = Math.round((midnight(now) - midnight(at)) / 86_400_000)
      if (days === 0) return t('today')
      if (days === 1) return t('yesterday')
      return (new Date(at).getFullYear() === new Date(now).getFullYear() ? day : longDay).format(at)
    },
    problem(code) {
      if (code === 'timeout' || code === 'disconnected') return t('error_network')
      const word = `error_${code}`
      return t(word in dictionary ? (word as Word) : 'error_other')
    },
  }
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0)
}
