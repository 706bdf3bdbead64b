// The portal's words, put together from its rooms.
import type { Dictionaries } from 'ui/i18n'
import billingEn from './billing/locales/en.json'
import billingZh from './billing/locales/zh-CN.json'
import en from './locales/en.json'
import zh from './locales/zh-CN.json'
import groupEn from './group/locales/en.json'
import groupZh from './group/locales/zh-CN.json'
import identityEn from './identity/locales/en.json'
import identityZh from './identity/locales/zh-CN.json'
import policiesEn from './policies/locales/en.json'
import policiesZh from './policies/locales/zh-CN.json'
import privacyEn from './privacy/locales/en.json'
import privacyZh from './privacy/locales/zh-CN.json'
import rolesEn from './roles/locales/en.json'
import rolesZh from './roles/locales/zh-CN.json'
import safetyEn from './safety/locales/en.json'
import safetyZh from './safety/locales/zh-CN.json'
import securityEn from './security/locales/en.json'
import securityZh from './security/locales/zh-CN.json'
import setupEn from './setup/locales/en.json'
import setupZh from './setup/locales/zh-CN.json'
import supportEn from './support/locales/en.json'
import supportZh from './support/locales/zh-CN.json'
import waitingEn from './waiting/locales/en.json'
import waitingZh from './waiting/locales/zh-CN.json'

type Words = { [key: string]: string | Words }

/** Rooms may add to what others began: an action to the audit log, a fault to the problems. */
export function laid(over: Words, under: Words): Words {
  const merged: Words = { ...under }
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key]
    merged[key] = typeof value === 'object' && typeof below === 'object' ? laid(value, below) : value
  }
  return merged
}

export const words: Dictionaries = {
  en: [billingEn, groupEn, identityEn, policiesEn, privacyEn, rolesEn, safetyEn, securityEn, setupEn, supportEn, waitingEn].reduce<Words>(
    (all, room) => laid(room, all),
    en,
  ),
  'zh-CN': [billingZh, groupZh, identityZh, policiesZh, privacyZh, rolesZh, safetyZh, securityZh, setupZh, supportZh, waitingZh].reduce<Words>(
    (all, room) => laid(room, all),
    zh,
  ),
}
