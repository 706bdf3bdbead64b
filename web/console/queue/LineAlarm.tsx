// Says wherever one is that the line is longer than it should be; the board says so by itself.
import { IconAlertTriangle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { useDeskState } from '../data/context'
import { useThresholds } from '../data/queries'
import css from '../shell/ConnectionBanner.module.css'
import { clockOf, useServerSecond } from './duration'
import { alarmsOf } from './fit'

export function LineAlarm() {
  const { t } = useTranslation()
  const thresholds = useThresholds().data
  const pulse = useDeskState((state) => state.queue)
  const now = useServerSecond()
  const found = thresholds && pulse ? alarmsOf(pulse, thresholds, now) : []
  return (
    <div role="alert">
      {found.map(({ kind, limit }) => (
        <div key={kind} className={css.banner} data-trouble="away">
          <IconAlertTriangle size={15} aria-hidden className={css.icon} />
          <span>
            {kind === 'waiting'
              ? // Without how many there are, or it would be read out anew with every arrival.
                t('queue.alarm_waiting', { limit })
              : t('queue.alarm_longest', { limit: clockOf(limit) })}
          </span>
          <Link href="/queue">{t('queue.title')}</Link>
        </div>
      ))}
    </div>
  )
}
