// Whether the first steps are shown: to whoever runs the place, until they are done or put aside.
import { useEffect, useSyncExternalStore } from 'react'
import { session, useCan, useMe } from 'ui/session'
import { recall, remember, forget } from 'ui/storage'
import { useChecklist } from '../data/api'
import { allDone } from './steps'

const listeners = new Set<() => void>()
const keyOf = (account: string) => `frontdesk.portal.first-steps.${account}`

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useFirstSteps() {
  const me = useMe()
  const key = keyOf(me.account.id)
  const runsThePlace = useCan('inboxes.manage')
  const aside = useSyncExternalStore(subscribe, () => recall(key) === 'aside')
  const checklist = useChecklist({ enabled: runsThePlace, every: 30_000 })
  const done = checklist.data ? allDone(checklist.data) : false

  // The checklist learns first that the letter was answered; the banner reads it from the session.
  const verified = checklist.data?.email_verified ?? false
  useEffect(() => {
    if (verified && !me.user.email_verified) void session.reload().catch(() => undefined)
  }, [verified, me.user.email_verified])

  return {
    checklist,
    done,
    runsThePlace,
    shown: runsThePlace && !aside && !done,
    putAside(on: boolean) {
      if (on) remember(key, 'aside')
      else forget(key)
      for (const each of [...listeners]) each()
    },
  }
}
