// Says when something is amiss, and what that means: the connection, a part the server does without, the company's emergency
// plan. Short gaps stay unmentioned: they heal before they are read.
import {
  IconActivityHeartbeat,
  IconCloudOff,
  IconRefresh,
  IconSpeakerphone,
  IconWifiOff,
  IconZzz,
} from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { notifyProblem } from 'ui/ProblemAlert'
import { useCan } from 'ui/session'
import { useAgent, useDesk, useDeskState } from '../data/context'
import css from './ConnectionBanner.module.css'

const QUIET_MS = 1_500
const UNREACHABLE_MS = 4_000

type Trouble = 'offline' | 'reconnecting' | 'unreachable'

function useTrouble(): Trouble | null {
  const connection = useDeskState((state) => state.connection)
  const lostAt = useDeskState((state) => state.lostAt)
  const [stage, setStage] = useState<{ of: number; trouble: Trouble } | null>(null)

  useEffect(() => {
    if (lostAt === null) return
    const after = (ms: number, trouble: Trouble) =>
      setTimeout(() => setStage({ of: lostAt, trouble }), Math.max(0, lostAt + ms - Date.now()))
    const timers = [after(QUIET_MS, 'reconnecting'), after(UNREACHABLE_MS, 'unreachable')]
    return () => timers.forEach(clearTimeout)
  }, [lostAt])

  if (connection === 'offline') return 'offline'
  // A stage reached in an earlier trouble says nothing about this one.
  return lostAt !== null && stage?.of === lostAt ? stage.trouble : null
}

const ICONS = { offline: IconWifiOff, reconnecting: IconRefresh, unreachable: IconCloudOff } as const

export function ConnectionBanner() {
  return (
    <div role="status" aria-live="polite">
      <Emergency />
      <SetAway />
      <Connection />
    </div>
  )
}

function Connection() {
  const { t } = useTranslation()
  const desk = useDesk()
  const trouble = useTrouble()
  const degraded = useDeskState((state) => state.degraded)
  const waiting = useDeskState(
    (state) => state.outbox.filter((entry) => entry.state === 'waiting' || entry.state === 'sending').length,
  )
  if (!trouble) return degraded.length > 0 && <Degraded parts={degraded} />
  const Icon = ICONS[trouble]
  return (
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
  )
}

/** Everything still works, only not as well: nothing to be alarmed about. */
function Degraded({ parts }: { parts: readonly string[] }) {
  const { t } = useTranslation()
  return (
    <div className={css.banner} data-trouble="degraded">
      <IconActivityHeartbeat size={15} aria-hidden className={css.icon} />
      <span>
        <strong>{t('connection.degraded')}</strong>{' '}
        {(['bus', 'cache'] as const)
          .filter((part) => parts.includes(part))
          .map((part) => t(`connection.degraded_${part}`))
          .join(' ')}
      </span>
    </div>
  )
}

function Emergency() {
  const { t } = useTranslation()
  const emergency = useDeskState((state) => state.emergency)
  const manages = useCan('account.manage')
  if (!emergency?.active) return null
  return (
    <div className={css.banner} data-trouble="emergency">
      <IconSpeakerphone size={16} aria-hidden className={css.icon} />
      <span>
        <strong>{t('emergency.on')}</strong>{' '}
        {emergency.message ? t('emergency.says', { message: emergency.message }) : t('emergency.says_default')}{' '}
        {t('emergency.goes_on')}
      </span>
      {manages && <a href="/portal/emergency">{t('emergency.manage')}</a>}
    </div>
  )
}

/** Somebody who missed offers is set to away by the server, and should know. */
function SetAway() {
  const { t } = useTranslation()
  const desk = useDesk()
  const me = useAgent(desk.me.agent.id)
  if (!me || me.availability_by !== 'auto' || me.chosen_availability === 'online') return null
  return (
    <div className={css.banner} data-trouble="away">
      <IconZzz size={15} aria-hidden className={css.icon} />
      <span>
        <strong>{t('connection.set_away')}</strong> {t('connection.set_away_text')}
      </span>
      <button
        type="button"
        onClick={() => void desk.setAvailability('online').catch((problem: unknown) => notifyProblem(t, problem))}
      >
        {t('connection.back')}
      </button>
    </div>
  )
}
