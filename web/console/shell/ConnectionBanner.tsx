// Says when the console is not live, and what that means. Short gaps stay unmentioned: they heal before they are read.
import { IconCloudOff, IconRefresh, IconWifiOff } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useDesk, useDeskState } from '../data/context'
import css from './ConnectionBanner.module.css'

const QUIET_MS = 1_500
const DEGRADED_MS = 20_000

type Trouble = 'offline' | 'reconnecting' | 'degraded'

function useTrouble(): Trouble | null {
  const connection = useDeskState((state) => state.connection)
  const lostAt = useDeskState((state) => state.lostAt)
  const [stage, setStage] = useState<{ of: number; trouble: Trouble } | null>(null)

  useEffect(() => {
    if (lostAt === null) return
    const after = (ms: number, trouble: Trouble) =>
      setTimeout(() => setStage({ of: lostAt, trouble }), Math.max(0, lostAt + ms - Date.now()))
    const timers = [after(QUIET_MS, 'reconnecting'), after(DEGRADED_MS, 'degraded')]
    return () => timers.forEach(clearTimeout)
  }, [lostAt])

  if (connection === 'offline') return 'offline'
  // A stage reached in an earlier trouble says nothing about this one.
  return lostAt !== null && stage?.of === lostAt ? stage.trouble : null
}

const ICONS = { offline: IconWifiOff, reconnecting: IconRefresh, degraded: IconCloudOff } as const

export function ConnectionBanner() {
  const { t } = useTranslation()
  const desk = useDesk()
  const trouble = useTrouble()
  const waiting = useDeskState((state) => state.outbox.filter((entry) => entry.state !== 'failed').length)
  const Icon = trouble ? ICONS[trouble] : null
  return (
    <div role="status" aria-live="polite">
      {trouble && Icon && (
        <div className={css.banner} data-trouble={trouble}>
          <Icon size={15} aria-hidden className={css.icon} />
          <span>
            <strong>{t(`connection.${trouble}`)}</strong> {t(`connection.${trouble}_text`)}
            {waiting > 0 && <> {t('connection.waiting', { count: waiting })}</>}
          </span>
          {trouble !== 'offline' && (
            <button type="button" onClick={() => desk.realtime.reconnectNow()}>
              {t('connection.now')}
            </button>
          )}
        </div>
      )}
    </div>
  )
}
