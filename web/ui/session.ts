// The one session of the page, and the hooks that read it.
import { useSyncExternalStore } from 'react'
import { createSession, type SessionState } from 'client/session'
import type { Me } from 'client/types'

export const session = createSession()
export const http = session.http

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, session.state)
}

/** Who is signed in. Only below `RequireSession`. */
export function useMe(): Me {
  const state = useSession()
  if (state.status !== 'signed_in') throw new Error('useMe outside RequireSession')
  return state.me
}

export function useCan(permission: string): boolean {
  return useMe().permissions.some((each) => each === permission)
}

/** Where to sign in, and come back to this very page afterwards. */
export function loginUrl(
  from: Pick<Location, 'pathname' | 'search' | 'hash'> = location,
  page: '/login' | '/login/enrol' = '/login',
): string {
  return `${page}?next=${encodeURIComponent(from.pathname + from.search + from.hash)}`
}

/** The page to go to after signing in. Only our own pages: a crafted `next` must not send anybody elsewhere. */
export function safeNext(next: string | null, fallback = '/console'): string {
  // oxlint-disable-next-line no-control-regex -- browsers drop tabs and line ends, and "/\t/evil" is then another site
  if (!next || !next.startsWith('/') || /^\/[\\/]/.test(next) || /[\u0000-\u001f]/.test(next)) return fallback
  return next.startsWith('/login') || next.startsWith('/signup') ? fallback : next
}
