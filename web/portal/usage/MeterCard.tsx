// One meter: how much, of how much, how it will end, and day by day where days make a difference.
import { IconDatabase, IconMessage2, IconMessages, IconSparkles, IconUsers } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Currency, Meter, Tier } from 'client/types'
import { cost } from '../billing/offers'
import { money } from '../billing/money'
import { percent } from '../ratings/shares'
import { amount, fill } from './amounts'
import { DailyChart } from './DailyChart'
import { RunningChart } from './RunningChart'
import css from './Usage.module.css'

const ICONS = {
  conversations: IconMessages,
  messages: IconMessage2,
  agents: IconUsers,
  storage_bytes: IconDatabase,
  ai_resolutions: IconSparkles,
} as const

export type View = 'running' | 'daily'

/** What lies beyond what is included is charged at these prices. */
export interface Charged {
  currency: Currency
  tiers: Tier[]
}

export function MeterCard(props: { meter: Meter; to: string; view: View; charged: Charged | null }) {
  const { t, i18n } = useTranslation()
  const { meter, to, view, charged } = props
  const locale = i18n.language
  const Icon = ICONS[meter.meter]
  // Where it goes on beyond what is included, nothing is ever full.
  const bound = meter.limit ?? meter.included
  const { share, level } = fill(meter.used, bound)
  const stops = meter.limit !== null
  const name = t(`meter.${meter.meter}`)
  const words = (value: number) => amount(meter.meter, value, locale)
  const stands = meter.meter === 'agents' || meter.meter === 'storage_bytes'
  const tone = stops || level === 'calm' ? level : 'near'
  const ahead = bound ? Math.min(1, (meter.forecast ?? 0) / bound) : 0

  return (
    <section className={css.meter} aria-label={name}>
      <div className={css.head}>
        <Icon size={18} stroke={1.7} aria-hidden className={css.icon} />
        <h2>{name}</h2>
        {share !== null && bound !== null && (
          <span className={css.share} data-level={tone}>
            {percent(bound > 0 ? meter.used / bound : 1, locale)}
          </span>
        )}
      </div>
      <p className={css.amount}>
        <b>{words(meter.used)}</b>{' '}
        {bound === null ? t('usage.unlimited') : t(stops ? 'usage.of' : 'usage.of_included', { limit: words(bound) })}
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
          {ahead > share && <i data-level="ahead" style={{ width: `${ahead * 100}%` }} />}
          <i data-level={tone} style={{ width: `${Math.max(share * 100, meter.used > 0 ? 1.5 : 0)}%` }} />
        </div>
      )}
      {stops && level !== 'calm' && <p className={css.warning}>{t(`usage.${level}.${meter.meter}`)}</p>}
      {!stands && (
        <>
          <p className={css.outlook}>{outlook()}</p>
          <div className={css.chart}>
            {view === 'running' ? (
              <RunningChart meter={meter} to={to} label={t('usage.running_of', { meter: name })} height={168} />
            ) : (
              <DailyChart
                days={meter.daily}
                label={t('usage.daily_of', { meter: name })}
                height={194}
                of={meter.meter}
              />
            )}
          </div>
        </>
      )}
    </section>
  )

  function outlook(): string {
    const now = charged ? cost(charged.tiers, meter.used) : 0
    const so_far = charged && now > 0 ? t('usage.costs', { amount: money(now, charged.currency, locale) }) : null
    if (meter.used === 0 && meter.forecast === 0) return ''
    if (meter.forecast === null) return so_far ?? t('usage.no_forecast')
    const then = charged ? cost(charged.tiers, meter.forecast) : 0
    const will =
      charged && then > 0
        ? t('usage.will_cost', {
            forecast: words(meter.forecast),
            amount: money(then, charged.currency, locale),
          })
        : t('usage.will', { forecast: words(meter.forecast) })
    return so_far ? `${so_far} ${will}` : will
  }
}
