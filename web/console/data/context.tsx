// The desk in React: one per signed-in agent, and hooks that pick from it.
import { createContext, useCallback, useContext, useEffect, useState, type ReactNode } from 'react'
import type { Agent, Conversation } from 'client/types'
import { session, useMe } from 'ui/session'
import { createDesk, type Desk } from './desk'
import type { DeskState, ThreadState } from './state'
import { useSelect } from './store'

const DeskContext = createContext<Desk | null>(null)

export function DeskProvider({ children }: { children: ReactNode }) {
  const me = useMe()
  const [desk, setDesk] = useState<Desk | null>(null)
  const agentId = me.agent.id

  // Made in the effect, not in the state: a desk that was stopped (Strict Mode does it once) must not be started again.
  useEffect(() => {
    const state = session.state()
    if (state.status !== 'signed_in' || state.me.agent.id !== agentId) return
    const made = createDesk(session, state.me)
    made.start()
    // oxlint-disable-next-line react/set-state-in-effect -- the desk is the external system this effect connects to
    setDesk(made)
    return () => made.stop()
  }, [agentId])

  return desk && <DeskContext value={desk}>{children}</DeskContext>
}

export function useDesk(): Desk {
  const desk = useContext(DeskContext)
  if (!desk) throw new Error('useDesk outside DeskProvider')
  return desk
}

export function useDeskState<T>(select: (state: DeskState) => T): T {
  return useSelect(useDesk().store, select)
}

export function useConversation(id: string | undefined): Conversation | undefined {
  return useDeskState(useCallback((state) => (id ? state.conversations.get(id) : undefined), [id]))
}

export function useThread(id: string): ThreadState | undefined {
  return useDeskState(useCallback((state) => state.threads.get(id), [id]))
}

export function useAgents(): readonly Agent[] {
  return useDeskState((state) => state.agents)
}

export function useAgent(id: string | null | undefined): Agent | undefined {
  return useDeskState(useCallback((state) => state.agents.find((agent) => agent.id === id), [id]))
}
