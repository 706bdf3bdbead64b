// An agent's session in one browser tab: the access token in memory, the refresh cookie in the browser, and the other
// tabs told when one of them signs out or changes account.

import { ApiProblem, createHttp, type Http } from './http'
import type { LoginChallenge, Me, SessionBody } from './types'

export type SessionState =
  | { status: 'unknown' }
  | { status: 'signed_out' }
  /** The server cannot be reached, so nobody knows yet; `restore()` may be tried again. */
  | { status: 'unreachable'; problem: ApiProblem }
  | { status: 'signed_in'; me: Me }
  /** Signed in, and good for setting up the second factor that the company asks for, and for nothing else. */
  | { status: 'enrolling'; me: Me }

export interface Session {
  /** The API with this session's token; renews by itself. */
  readonly http: Http
  /** A stable snapshot, fit for `useSyncExternalStore`. */
  state(): SessionState
  subscribe(listener: () => void): () => void
  /** The access token at hand, possibly about to expire. */
  token(): string | null
  /** A token good for at least another half minute; null when signed out. `force` fetches a new one. */
  freshToken(force?: boolean): Promise<string | null>
  /** Finds out, by the refresh cookie, whether somebody is signed in; asks nobody where nobody ever signed in. */
  restore(): Promise<SessionState>
  /** A challenge when something beside the password is asked for. */
  login(body: { email: string; password: string; account_id?: string }): Promise<Me | LoginChallenge>
  /** Takes over a session answered by another endpoint, such as signup or an accepted invitation. */
  adopt(body: SessionBody): Me
  switchAccount(accountId: string): Promise<Me>
  /** Reads `Me` again, after something about it changed. */
  reload(): Promise<Me>
  logout(): Promise<void>
}

export interface SessionOptions {
  base?: string
  fetch?: typeof fetch
  now?: () => number
  /** Remembers that there is a session, never the session itself. */
  storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
}

const CHANNEL = 'frontdesk:session'
/** In this tab only: the secret of a visit of support, which has no cookie. */
const VISIT = 'frontdesk.support'
/** The cookie cannot be seen from here, so this tells whether asking for it makes sense. */
const MARK = 'frontdesk.signed-in'
const EARLY_MS = 60_000

export function createSession(options: SessionOptions = {}): Session {
  const now = options.now ?? Date.now
  const listeners = new Set<() => void>()
  let state: SessionState = { status: 'unknown' }
  let token: string | null = null
  let expiresAt = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let refreshing: Promise<string | null> | null = null
  const mark = createMark(options.storage)
  const visits = createVisits()

  const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL)
  if (channel) {
    channel.onmessage = (event: MessageEvent<string>) => {
      // A visit of support has nothing to do with who else is signed in here.
      if (visits.get()) return
      if (event.data === 'signed_out') forget()
      // The cookie now belongs to another account or login: this tab must follow it, not fight it.
      else if (event.data === 'changed' && state.status !== 'unknown') void refresh().catch(() => undefined)
    }
  }

  function set(next: SessionState): void {
    state = next
    for (const listener of [...listeners]) listener()
  }

  function keep(body: SessionBody, marked = true): Me {
    token = body.access_token
    expiresAt = now() + body.expires_in * 1000
    if (marked) mark.set(true)
    clearTimeout(timer)
    timer = setTimeout(() => void refresh().catch(() => undefined), Math.max(5_000, body.expires_in * 1000 - EARLY_MS))
    set({ status: body.second_factor_due ? 'enrolling' : 'signed_in', me: body.me })
    return body.me
  }

  function forget(marked = true): void {
    token = null
    expiresAt = 0
    if (marked) mark.set(false)
    clearTimeout(timer)
    if (state.status !== 'signed_out') set({ status: 'signed_out' })
  }

  const plain = createHttp({ base: options.base, fetch: options.fetch })

  async function refreshNow(): Promise<string | null> {
    try {
      const visit = visits.get()
      if (visit) {
        keep(await plain.post<SessionBody>('/v1/auth/support', { token: visit }), false)
        return token
      }
      // Refresh cookies rotate: two tabs refreshing with the same one would look like a stolen cookie, hence the lock.
      const body = await locked(() =>
        plain.post<SessionBody>('/v1/auth/refresh', undefined, { headers: { 'x-frontdesk': '1' } }),
      )
      keep(body)
      return token
    } catch (error) {
      if (error instanceof ApiProblem && !error.transient) {
        const visiting = visits.get() !== null
        visits.set(null)
        // A visit that is over says nothing about who else is signed in here.
        forget(!visiting)
        return null
      }
      throw error
    }
  }

  function refresh(): Promise<string | null> {
    refreshing ??= refreshNow().finally(() => {
      refreshing = null
    })
    return refreshing
  }

  const http = createHttp({ base: options.base, fetch: options.fetch, token: () => token, renew: refresh })

  return {
    http,
    state: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    token: () => token,
    async freshToken(force = false) {
      if (!force && token && expiresAt - now() > 30_000) return token
      return state.status === 'signed_out' ? null : refresh()
    },
    async restore() {
      if (!visits.get() && !mark.get()) {
        forget()
        return state
      }
      try {
        await refresh()
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
        if (state.status !== 'signed_in') set({ status: 'unreachable', problem: error })
      }
      return state
    },
    async login(body) {
      const answer = await plain.post<SessionBody | LoginChallenge>('/v1/auth/login', body)
      if ('challenge' in answer) return answer
      const me = keep(answer)
      channel?.postMessage('changed')
      return me
    },
    adopt(body) {
      const me = keep(body)
      channel?.postMessage('changed')
      return me
    },
    async switchAccount(accountId) {
      const me = keep(await http.post<SessionBody>('/v1/auth/switch', { account_id: accountId }))
      channel?.postMessage('changed')
      return me
    },
    async reload() {
      const me = await http.get<Me>('/v1/auth/me')
      set({ status: 'signed_in', me })
      return me
    },
    async logout() {
      if (visits.get()) {
        visits.set(null)
        forget(false)
        return
      }
      try {
        await http.post<void>('/v1/auth/logout', undefined, { headers: { 'x-frontdesk': '1' } })
      } finally {
        forget()
        channel?.postMessage('signed_out')
      }
    },
  }
}

/** A visit begins with the link that support was given, `/portal#support=…`, and lasts over pages of this tab. */
function createVisits(): { get(): string | null; set(secret: string | null): void } {
  let held: string | null = null
  const store = () => (typeof sessionStorage === 'undefined' ? null : sessionStorage)
  return {
    get() {
      try {
        const given = typeof location === 'undefined' ? null : /^#support=([\w-]+)$/.exec(location.hash)?.[1]
        if (given) {
          // Neither the history nor a look over the shoulder need keep it.
          history.replaceState(history.state, '', location.pathname + location.search)
          held = given
          store()?.setItem(VISIT, given)
        }
        return held ?? store()?.getItem(VISIT) ?? null
      } catch {
        return held
      }
    },
    set(secret) {
      held = secret
      try {
        if (secret) store()?.setItem(VISIT, secret)
        else store()?.removeItem(VISIT)
      } catch {
        // It is held here all the same.
      }
    },
  }
}

/** Where storage is denied the mark is always there: asking in vain is better than losing a session. */
function createMark(given: SessionOptions['storage']): { get(): boolean; set(on: boolean): void } {
  const storage = () => given ?? localStorage
  return {
    get() {
      try {
        return storage().getItem(MARK) !== null
      } catch {
        return true
      }
    },
    set(on) {
      try {
        if (on) storage().setItem(MARK, '1')
        else storage().removeItem(MARK)
      } catch {
        // As above.
      }
    },
  }
}

function locked<T>(work: () => Promise<T>): Promise<T> {
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks
  return locks ? (locks.request('frontdesk:refresh', work) as Promise<T>) : work()
}
