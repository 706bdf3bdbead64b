// One meter: how much, of how much, and day by day where days make a difference.
import { IconDatabase, IconMessage2, IconMessages, IconUsers } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Meter } from 'client/types'
import { percent } from '../ratings/shares'
import { amount, fill } from './amounts'
import { DailyChart } from './DailyChart'
import css from './Usage.module.css'

const ICONS = {
  conversations: IconMessages,
  messages: IconMessage2,
  agents: IconUsers,
  storage_bytes: IconDatabase,
} as const

export function MeterCard({ meter }: { meter: Meter }) {
  const { t, i18n } = useTranslation()
  const Icon = ICONS[meter.meter]
  const { share, level } = fill(meter.used, meter.limit)
  const name = t(`meter.${meter.meter}`)
  const used = amount(meter.meter, meter.used, i18n.language)

  return (
    <section className={css.meter} aria-label={name}>
      <div className={css.head}>
        <Icon size={18} stroke={1.7} aria-hidden className={css.icon} />
        <h2>{name}</h2>
        {share !== null && (
          <span className={css.share} data-level={level}>
            {percent(share, i18n.language)}
          </span>
        )}
      </div>
      <p className={css.amount}>
        <b>{used}</b>{' '}
        {meter.limit === null
          ? t('usage.unlimited')
          : t('usage.of', { limit: amount(meter.meter, meter.limit, i18n.language) })}
      </p>
      {share !== null && (
        <div
          className={css.bar}
          role="progressbar"
          aria-label={name}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(share * 100)}
        >
          <i data-level={level} style={{ width: `${Math.max(share * 100, meter.used > 0 ? 1.5 : 0)}%` }} />
        </div>
      )}
      {level !== 'calm' && <p className={css.warning}>{t(`usage.${level}.${meter.meter}`)}</p>}
      <div className={css.chart}>
        <DailyChart days={meter.daily} label={t('usage.daily_of', { meter: name })} height={168} of={meter.meter} />
      </div>
    </section>
  )
}
