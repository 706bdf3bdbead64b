// The conversations of a view, live, with the one on screen kept in sight until another is chosen.
import { useCallback, useEffect, useRef } from 'react'
import type { Conversation } from 'client/types'
import { useMe } from 'ui/session'
import { useDesk, useDeskState } from '../data/context'
import type { ListState } from '../data/state'
import { belongs, listOf, type View } from '../data/views'

export interface ListWindow {
  state: ListState
  conversations: Conversation[]
  loadMore: () => void
  retry: () => void
}

export function useListWindow(view: View, selectedId: string | undefined): ListWindow {
  const desk = useDesk()
  const me = useMe().agent.id
  const state = useDeskState(useCallback((all) => all.lists[view], [view]))

  // Kept only if it stood in this list once: a deep link must not push a stranger into the view.
  const kept = useRef<{ view: View; id: string } | null>(null)
  const conversations = useDeskState(
    useCallback(
      (all) => {
        const selected = selectedId ? all.conversations.get(selectedId) : undefined
        if (selected && belongs(selected, view, me)) kept.current = { view, id: selected.id }
        const keeps = kept.current?.view === view && kept.current.id === selectedId ? selectedId : null
        return listOf(all.conversations.values(), view, me, all.lists[view].horizon, keeps)
      },
      [view, me, selectedId],
    ),
  )

  useEffect(() => void desk.openView(view), [desk, view])

  const loadMore = useCallback(() => void desk.loadMore(view), [desk, view])
  const retry = useCallback(() => void desk.openView(view), [desk, view])
  return { state, conversations, loadMore, retry }
}
