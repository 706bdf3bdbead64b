// Language: which one, where it is remembered, and the dictionaries of one app laid over the shared one.
import dayjs from 'dayjs'
import 'dayjs/locale/zh-cn'
import i18next, { type i18n } from 'i18next'
import { initReactI18next } from 'react-i18next'
import sharedEn from './locales/en.json'
import sharedZh from './locales/zh-CN.json'
import { recall, remember } from './storage'

export const LOCALES = ['en', 'zh-CN'] as const
export type Locale = (typeof LOCALES)[number]
export type Dictionaries = Record<Locale, object>

const KEY = 'frontdesk.locale'

/** The language closest to what the browser says; anything Chinese is zh-CN, anything else English. */
export function nearestLocale(wanted: string | null | undefined): Locale {
  return wanted && /^zh\b/i.test(wanted) ? 'zh-CN' : 'en'
}

function firstLocale(): Locale {
  return nearestLocale(recall(KEY) ?? globalThis.navigator?.language)
}

function apply(locale: string): void {
  document.documentElement.lang = locale
  dayjs.locale(locale === 'zh-CN' ? 'zh-cn' : 'en')
}

/** Starts i18next with an app's words in front of the shared ones. Call once, before the first render. */
export function setupI18n(app: Dictionaries): i18n {
  void i18next.use(initReactI18next).init({
    lng: firstLocale(),
    fallbackLng: 'en',
    supportedLngs: LOCALES,
    ns: ['app', 'ui'],
    defaultNS: 'app',
    fallbackNS: 'ui',
    resources: {
      en: { app: app.en, ui: sharedEn },
      'zh-CN': { app: app['zh-CN'], ui: sharedZh },
    },
    interpolation: { escapeValue: false },
    returnNull: false,
    initAsync: false,
  })
  apply(i18next.language)
  i18next.on('languageChanged', apply)
  return i18next
}

export function currentLocale(): Locale {
  return nearestLocale(i18next.language)
}

/** Changes the language and keeps the choice on this device. */
export function chooseLocale(locale: Locale): void {
  remember(KEY, locale)
  void i18next.changeLanguage(locale)
}

/** Follows an account's or a user's language, unless this device already chose one. */
export function suggestLocale(locale: Locale): void {
  if (recall(KEY) === null && currentLocale() !== locale) void i18next.changeLanguage(locale)
}
