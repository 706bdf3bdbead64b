// What the console reads beside the conversations: teams, skills, brands, the queue board, and why somebody got a conversation.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { Assignment, AssignmentPolicy, Brand, Page, QueueBoard, QueueThresholds, Skill, Team } from 'client/types'
import { http, useMe } from 'ui/session'
import { useDesk, useDeskState } from './context'

/** Frames tell of changes; this is for the one that got lost. */
const LOOK_AGAIN_MS = 15_000

function useWhole<T>(name: string, path: string, enabled = true) {
  const account = useMe().account.id
  return useQuery({
    queryKey: [account, name],
    queryFn: ({ signal }) => http.get<Page<T>>(path, undefined, { signal }),
    select: (page) => page.data,
    staleTime: 60_000,
    enabled,
  })
}

export const useTeams = (enabled?: boolean) => useWhole<Team>('teams', '/v1/teams', enabled)
export const useSkills = (enabled?: boolean) => useWhole<Skill>('skills', '/v1/skills', enabled)
export const useBrands = (enabled?: boolean) => useWhole<Brand>('brands', '/v1/brands', enabled)
export const usePolicies = (enabled?: boolean) =>
  useWhole<AssignmentPolicy>('policies', '/v1/assignment-policies', enabled)

/** Several things at once are read as one. */
const SETTLE_MS = 700

/** The line as it is now; read again whenever the server says that it moved, or that somebody's hands are fuller or freer. */
export function useBoard() {
  const account = useMe().account.id
  const client = useQueryClient()
  const desk = useDesk()
  const pulse = useDeskState((state) => state.queue)
  const connected = useDeskState((state) => state.connection === 'online')
  const board = useQuery({
    queryKey: [account, 'queue'],
    queryFn: ({ signal }) => http.get<QueueBoard>('/v1/queue', undefined, { signal }),
    refetchInterval: LOOK_AGAIN_MS,
    staleTime: 0,
  })
  useEffect(() => {
    if (pulse || connected) void client.invalidateQueries({ queryKey: [account, 'queue'] })
  }, [client, account, pulse, connected])
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    // Not put off by what comes meanwhile: on a busy desk something always does.
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined
        void client.invalidateQueries({ queryKey: [account, 'queue'] })
      }, SETTLE_MS)
    }
    const off = [desk.realtime.on('presence.updated', soon), desk.realtime.on('conversation.updated', soon)]
    return () => {
      for (const each of off) each()
      clearTimeout(timer)
    }
  }, [client, account, desk])
  return board
}

/** Past which numbers the line is worth a word, wherever one is. */
export function useThresholds() {
  const account = useMe().account.id
  return useQuery({
    queryKey: [account, 'queue-thresholds'],
    queryFn: ({ signal }) => http.get<QueueThresholds>('/v1/queue/thresholds', undefined, { signal }),
    staleTime: 60_000,
    refetchInterval: 60_000,
  })
}

export function useAssignments(conversationId: string, enabled: boolean) {
  const account = useMe().account.id
  return useQuery({
    queryKey: [account, 'assignments', conversationId],
    queryFn: ({ signal }) =>
      http.get<Page<Assignment>>(`/v1/conversations/${encodeURIComponent(conversationId)}/assignments`, undefined, {
        signal,
      }),
    select: (page) => page.data,
    staleTime: 0,
    enabled,
  })
}
