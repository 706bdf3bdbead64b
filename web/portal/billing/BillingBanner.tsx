// Says on every page that a payment is missing, or that a trial is nearly over, to those who can see to it.
import { IconCreditCard } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'wouter'
import { useCan } from 'ui/session'
import { date } from 'ui/time'
import { useBilling } from '../data/api'
import css from '../shell/Banner.module.css'
import { daysLeft, pressing } from './standing'

const LOOK_EVERY_MS = 60_000

export function BillingBanner() {
  const { t, i18n } = useTranslation()
  const [path] = useLocation()
  const billing = useBilling({ enabled: useCan('billing.manage'), every: LOOK_EVERY_MS })
  const found = billing.data && pressing(billing.data, Date.now())
  // The page about it says it larger.
  if (!found || path === '/billing') return null
  const words = {
    date: found.until ? date(found.until, i18n.language) : '',
    count: found.until ? daysLeft(found.until, Date.now()) : 0,
  }
  return (
    <div className={css.banner} data-tone={found.tone} role="status">
      <IconCreditCard size={16} aria-hidden className={css.icon} />
      <span>
        {t(`billing.banner.${found.key}`, words)} <Link href="/billing">{t('billing.banner.open')}</Link>
      </span>
    </div>
  )
}
