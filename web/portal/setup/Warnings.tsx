// What will not work as somebody may hope, said before it happens. Nothing of it keeps anybody from saving.
import { IconAlertTriangle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Warning } from 'client/types'
import css from './Setup.module.css'

export function Warnings({ warnings }: { warnings: readonly Warning[] }) {
  const { t } = useTranslation()
  if (warnings.length === 0) return null
  return (
    <ul className={css.warnings} aria-label={t('setup.warnings')}>
      {warnings.map((warning) => (
        <li key={`${warning.code} ${warning.pointer ?? ''} ${warning.subject ?? ''}`}>
          <IconAlertTriangle size={17} aria-hidden />
          <span>{t(`warning.${warning.code}`, { subject: warning.subject ?? '', defaultValue: warning.detail })}</span>
        </li>
      ))}
    </ul>
  )
}

/** For a row of a list: that there is something, and how much. */
export function WarningCount({ warnings }: { warnings: readonly Warning[] }) {
  const { t } = useTranslation()
  if (warnings.length === 0) return null
  return (
    <span className={css.count} title={t('setup.warnings')}>
      <IconAlertTriangle size={14} aria-hidden />
      {t('setup.warning_count', { count: warnings.length })}
    </span>
  )
}
