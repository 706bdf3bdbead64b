// Says on every page that the emergency plan is on: a switch like this must not be forgotten.
import { IconSpeakerphone } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'wouter'
import { useCan } from 'ui/session'
import { useEmergency } from '../data/api'
import css from './Banner.module.css'

const LOOK_EVERY_MS = 60_000

export function EmergencyBanner() {
  const { t } = useTranslation()
  const [path] = useLocation()
  const manages = useCan('account.manage')
  const plan = useEmergency({ every: LOOK_EVERY_MS })
  // The plan's own page says it larger.
  if (!plan.data?.active || path === '/emergency') return null
  return (
    <div className={css.banner} data-tone="danger" role="status">
      <IconSpeakerphone size={16} aria-hidden className={css.icon} />
      <span>
        {t('emergency.banner')} {manages && <Link href="/emergency">{t('emergency.banner_open')}</Link>}
      </span>
    </div>
  )
}
