// How long somebody has waited, as on a clock: it is read at a glance, and its width does not jump.
import { useCallback, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { roundedWait, soon } from 'client/estimate'
import type { WaitEstimate } from 'client/types'
import { useDeskState } from '../data/context'

/** "0:42", "12:05", "1:03:20". */
export function clockOf(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** "42 s", "12 min", "3 h": for sentences. */
export function useDuration(): (seconds: number) => string {
  const { t } = useTranslation()
  return useCallback(
    (seconds) => {
      if (seconds < 90) return t('queue.seconds', { count: Math.round(seconds) })
      if (seconds < 90 * 60) return t('queue.minutes', { count: Math.round(seconds / 60) })
      return t('queue.hours', { count: Math.round(seconds / 3600) })
    },
    [t],
  )
}

/** What the visitor was told, in the words of the board; null where they were told nothing. */
export function useTold(): (estimate: WaitEstimate | null) => string | null {
  const { t } = useTranslation()
  return useCallback(
    (estimate) => {
      const time = estimate && roundedWait(estimate)
      if (!time) return null
      if (soon(estimate)) return t('queue.told_soon')
      return t('queue.told', { time: t(`queue.${time.unit}`, { count: time.about }) })
    },
    [t],
  )
}

/** The server's time, once a second. One timer for everybody who looks. */
export function useServerSecond(): number {
  const skew = useDeskState((state) => state.skew)
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now + skew
}
