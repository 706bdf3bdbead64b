// Where in the console one is: a view, and perhaps a conversation in it. The address bar is the only place that knows.
import { useCallback, useMemo } from 'react'
import { useLocation, useSearch } from 'wouter'
import { isView, type View } from './data/views'

export interface Place {
  view: View
  conversationId?: string
  /** The queue board is a page of its own. */
  queue?: boolean
}

/** Reads a path below /console. A link to a conversation names its view only when it was opened from one. */
export function placeOf(path: string, search: string): Place {
  const [first, second] = path.split('/').filter(Boolean)
  if (first === 'conversations' && second) {
    const from = new URLSearchParams(search).get('view')
    return { view: isView(from) ? from : 'open', conversationId: decodeURIComponent(second) }
  }
  if (first === 'queue') return { view: 'mine', queue: true }
  return { view: isView(first) ? first : 'mine' }
}

export function pathOf({ view, conversationId, queue }: Place): string {
  if (queue) return '/queue'
  return conversationId ? `/conversations/${encodeURIComponent(conversationId)}?view=${view}` : `/${view}`
}

export function usePlace(): Place & { go: (to: Partial<Place>, options?: { replace?: boolean }) => void } {
  const [path, navigate] = useLocation()
  const search = useSearch()
  const place = useMemo(() => placeOf(path, search), [path, search])
  const go = useCallback(
    (to: Partial<Place>, options?: { replace?: boolean }) =>
      navigate(pathOf({ view: to.view ?? place.view, conversationId: to.conversationId, queue: to.queue }), options),
    [navigate, place.view],
  )
  return { ...place, go }
}
