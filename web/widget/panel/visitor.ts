// Who the visitor is to the server: a secret in this frame's storage, exchanged for short-lived tokens.

import { createHttp, type Http } from 'client/http'
import type { WidgetSession } from 'client/types'
import type { PageInfo } from '../shared/protocol'
import type { Memory } from './memory'
import type { Reach } from './reach'

export interface Visitor {
  /** The API with this visitor's token; renews by itself. */
  http: Http
  known(): boolean
  /** A token, made from the stored secret or, if there is none, by becoming a new visitor. */
  token(force?: boolean): Promise<string>
  forget(): void
}

export interface VisitorOptions {
  key: string
  memory: Memory
  /** Told of every request, and whether it was answered. */
  reach: Reach
  locale: () => string
  page: () => PageInfo | undefined
  /** Every session the server answers, with whether the visitor is not the one we were before. */
  onSession: (session: WidgetSession, stranger: boolean) => void
}

export function createVisitor({ key, memory, reach, locale, page, onSession }: VisitorOptions): Visitor {
  let token: string | null = null
  let expiresAt = 0
  let opening: Promise<string> | null = null
  let generation = 0

  const watched: typeof fetch = async (input, init) => {
    const end = reach.begin()
    try {
      const response = await fetch(input, init)
      // A gateway without its server answers these, and so does a server without its database.
      end(response.status < 502)
      return response
    } catch (error) {
      end(false)
      throw error
    }
  }
  const anonymous = createHttp({ fetch: watched })
  const http = createHttp({ fetch: watched, token: () => token, renew: () => fetchToken() })

  async function exchange(): Promise<string> {
    const mine = generation
    // Read here, not before: another tab may just have become a visitor, and then we are the same one.
    const secret = memory.get('secret')
    const body = { key, secret: secret ?? undefined, locale: locale(), page: page() }
    const session = await anonymous.post<WidgetSession>('/v1/widget/session', body, { auth: false })
    if (mine !== generation) throw new Error('forgotten')
    if (session.secret) memory.set('secret', session.secret)
    token = session.token
    expiresAt = Date.now() + session.expires_in * 1000
    onSession(session, Boolean(secret && session.secret))
    return session.token
  }

  function fetchToken(): Promise<string> {
    opening ??= alone(`frontdesk:visitor:${key}`, exchange).finally(() => {
      opening = null
    })
    return opening
  }

  return {
    http,
    known: () => memory.get('secret') !== null,
    async token(force = false) {
      return !force && token && expiresAt - Date.now() > 30_000 ? token : fetchToken()
    },
    forget() {
      generation++
      token = null
      expiresAt = 0
      opening = null
    },
  }
}

/** One tab at a time, so that two tabs' first messages make one visitor. Browsers may refuse locks in a frame. */
async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  let ran: Promise<T> | undefined
  try {
    return await (navigator.locks.request(name, () => (ran = work())) as Promise<T>)
  } catch (error) {
    if (ran) throw error
    return work()
  }
}
