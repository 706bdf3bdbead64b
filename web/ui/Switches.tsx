// Language and theme, as menus small enough for any corner.
import { ActionIcon, Menu, Tooltip, useMantineColorScheme, type MantineColorScheme } from '@mantine/core'
import { IconCheck, IconDeviceDesktop, IconLanguage, IconMoon, IconSun } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { chooseLocale, currentLocale, LOCALES, type Locale } from './i18n'

/** A language is named in itself, whatever the page speaks. */
export const LANGUAGE_NAMES: Record<Locale, string> = { en: 'English', 'zh-CN': '简体中文' }
const SCHEMES = { light: IconSun, dark: IconMoon, auto: IconDeviceDesktop } as const

const tick = (on: boolean) => (on ? <IconCheck size={15} /> : null)

export function LanguageItems() {
  useTranslation()
  return LOCALES.map((locale) => (
    <Menu.Item
      key={locale}
      lang={locale}
      role="menuitemradio"
      aria-checked={currentLocale() === locale}
      rightSection={tick(currentLocale() === locale)}
      onClick={() => chooseLocale(locale)}
    >
      {LANGUAGE_NAMES[locale]}
    </Menu.Item>
  ))
}

export function ColorSchemeItems() {
  const { t } = useTranslation()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (Object.keys(SCHEMES) as MantineColorScheme[]).map((scheme) => {
    const Icon = SCHEMES[scheme]
    return (
      <Menu.Item
        key={scheme}
        role="menuitemradio"
        aria-checked={colorScheme === scheme}
        leftSection={<Icon size={15} />}
        rightSection={tick(colorScheme === scheme)}
        onClick={() => setColorScheme(scheme)}
      >
        {t(`switches.${scheme}`)}
      </Menu.Item>
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
