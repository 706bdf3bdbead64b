// Where one goes after coming in.
import type { Me } from 'client/types'
import { safeNext } from 'ui/session'

/** The page asked for, else the desk. `safeNext` lets only pages of our own through. */
export function nextPage(search: string = location.search): string {
  return safeNext(new URLSearchParams(search).get('next'))
}

/** Keeps ?next= on a link from one of these pages to another. */
export function keepNext(path: string, search: string = location.search): string {
  const next = new URLSearchParams(search).get('next')
  return next ? `${path}?next=${encodeURIComponent(next)}` : path
}

/** Somebody with several companies is asked which one, unless there is only one to choose. */
export function mustChoose(me: Pick<Me, 'accounts'>): boolean {
  return me.accounts.filter((account) => account.status === 'active').length > 1
}

export function linkToken(search: string = location.search): string {
  return new URLSearchParams(search).get('token')?.trim() ?? ''
}
