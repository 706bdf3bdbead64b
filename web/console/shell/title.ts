// The tab's title: how many conversations wait for me, where I am, and which product this is.
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useMe } from 'ui/session'
import { useDeskState } from '../data/context'
import type { View } from '../data/views'

export function useTitle(view: View, queue: boolean): void {
  const { t } = useTranslation()
  const me = useMe().agent.id
  const waiting = useDeskState((state) => {
    let count = 0
    for (const { status, assignee_id: assignee, unread_count: unread } of state.conversations.values()) {
      if (status === 'open' && unread > 0 && (assignee === me || assignee === null)) count++
    }
    return count
  })
  const offered = useDeskState((state) => state.offers.length > 0)
  const name = offered ? t('offer.title_one') : t(queue ? 'queue.title' : `view.${view}`)
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${name} · Frontdesk`
  }, [waiting, name])
}
