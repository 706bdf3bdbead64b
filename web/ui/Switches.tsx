// Language and theme, as menus small enough for any corner.
import { ActionIcon, Menu, Tooltip, useMantineColorScheme, type MantineColorScheme } from '@mantine/core'
import { IconDeviceDesktop, IconLanguage, IconMoon, IconSun } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { chooseLocale, currentLocale, LOCALES, type Locale } from './i18n'
import { MenuChoice } from './MenuChoice'

/** A language is named in itself, whatever the page speaks. */
export const LANGUAGE_NAMES: Record<Locale, string> = { en: 'English', 'zh-CN': '简体中文' }
const SCHEMES = { light: IconSun, dark: IconMoon, auto: IconDeviceDesktop } as const

export function LanguageItems() {
  useTranslation()
  return LOCALES.map((locale) => (
    <MenuChoice key={locale} lang={locale} checked={currentLocale() === locale} onChoose={() => chooseLocale(locale)}>
      {LANGUAGE_NAMES[locale]}
    </MenuChoice>
  ))
}

export function ColorSchemeItems() {
  const { t } = useTranslation()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (Object.keys(SCHEMES) as MantineColorScheme[]).map((scheme) => {
    const Icon = SCHEMES[scheme]
    return (
      <MenuChoice
        key={scheme}
        checked={colorScheme === scheme}
        icon={<Icon size={15} />}
        onChoose={() => setColorScheme(scheme)}
      >
        {t(`switches.${scheme}`)}
      </MenuChoice>
    )
  })
}

export function LanguageSwitch() {
  const { t } = useTranslation()
  return (
    <Menu position="bottom-end" width={160}>
      <Menu.Target>
        <Tooltip label={t('switches.language')}>
          <ActionIcon size="lg" aria-label={t('switches.language')}>
            <IconLanguage size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <LanguageItems />
      </Menu.Dropdown>
    </Menu>
  )
}

export function ColorSchemeSwitch() {
  const { t } = useTranslation()
  const { colorScheme } = useMantineColorScheme()
  const Icon = SCHEMES[colorScheme]
  return (
    <Menu position="bottom-end" width={160}>
      <Menu.Target>
        <Tooltip label={t('switches.scheme')}>
          <ActionIcon size="lg" aria-label={t('switches.scheme')}>
            <Icon size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <ColorSchemeItems />
      </Menu.Dropdown>
    </Menu>
  )
}
