// A time that ages by itself. All of them share one clock, so a list of hundreds costs one timer.
import { useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { dateTime, longAgo, shortAgo } from './time'

const STEP_MS = 20_000
const listeners = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  now = Date.now()
  timer ??= setInterval(() => {
    now = Date.now()
    for (const each of listeners) each()
  }, STEP_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }
}

/** The current time, to within twenty seconds. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now)
}

export function RelativeTime({ at, className, long }: { at: string; className?: string; long?: boolean }) {
  const { t, i18n } = useTranslation()
  const moment = useNow()
  return (
    <time dateTime={at} title={dateTime(at, i18n.language)} className={className}>
      {long ? longAgo(at, moment, i18n.language) : shortAgo(t, at, moment, i18n.language)}
    </time>
  )
}
