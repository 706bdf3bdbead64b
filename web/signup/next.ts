// Where one goes after coming in.
import type { Me } from 'client/types'
import { safeNext, session } from 'ui/session'

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

/** Goes where one wanted to go; by way of setting up a second factor, when that is due. */
export async function enter(): Promise<void> {
  location.replace(session.state().status === 'enrolling' ? keepNext('/login/enrol') : nextPage())
  // The button stays busy until the next page is there.
  await new Promise(() => undefined)
}

const JOURNEY = 'frontdesk.next'

/** Keeps where one wanted to go, while one is at the company's own sign-in page. */
export function rememberNext(): void {
  try {
    sessionStorage.setItem(JOURNEY, nextPage())
  } catch {
    // Then it is the desk.
  }
}

export function rememberedNext(): string {
  try {
    return safeNext(sessionStorage.getItem(JOURNEY))
  } catch {
    return safeNext(null)
  }
}
