// Light, dark, or as the system.
import { SegmentedControl, useMantineColorScheme, type MantineColorScheme } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import css from './Account.module.css'

export function SchemeChoice() {
  const { t } = useTranslation()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <div>
      <div className={css.label}>{t('switches.scheme')}</div>
      <SegmentedControl
        fullWidth
        aria-label={t('switches.scheme')}
        value={colorScheme}
        onChange={(value) => setColorScheme(value as MantineColorScheme)}
        data={(['light', 'dark', 'auto'] as const).map((value) => ({ value, label: t(`switches.${value}`) }))}
      />
    </div>
  )
}
