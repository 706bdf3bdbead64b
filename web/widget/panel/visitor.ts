// Who the visitor is to the server: a secret in this frame's storage, exchanged for short-lived tokens; or somebody for whom the
// company's own server vouches, of whom nothing is stored.

import { ApiProblem, createHttp, uuid, type Http } from 'client/http'
import type { WidgetChallenge, WidgetSession } from 'client/types'
import type { PageInfo } from '../shared/protocol'
import { answer } from './challenge'
import type { Memory } from './memory'
import type { Reach } from './reach'

export interface Visitor {
  /** The API with this visitor's token; renews by itself. */
  http: Http
  /** Whoever is here now. Once they are forgotten, their `http` asks for nothing any more, not as somebody else either. */
  present(): { http: Http; isHere: () => boolean }
  known(): boolean
  /** The page is going to say who is here: nobody new is made before it has. */
  expect(): void
  /** What the page says; null when it cannot say. */
  identify(token: string | null): Promise<void>
  /** Ends what the page's word began, here and at the server. */
  logOut(): void
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
  /** Every session the server answers. */
  onSession: (session: WidgetSession) => void
  /** Asks the page for a fresh token; its answer comes as `identify`. */
  renew: () => void
  /** Nobody is let in from this network, whoever asked for the token. */
  onOutside: () => void
  /** A token of the page was refused. */
  onRefused: (code: string) => void
}

/** How often, and how long apart at first, a token is tried whose answer does not come. */
const TRIES = 6
const FIRST_PAUSE_MS = 500
/** How many challenges are answered for one session. */
const MOST_WORK = 3
/** A page that promised a token and does not bring it holds nothing up for longer than this. */
const PROMISE_MS = 8_000

export function createVisitor(options: VisitorOptions): Visitor {
  const { key, memory, reach, locale, page, onSession } = options
  let token: string | null = null
  let expiresAt = 0
  let opening: Promise<string> | null = null
  let generation = 0
  /** Gives fresh tokens for a day. In memory only: the next person at this browser is nobody. */
  let visit: string | null = null
  let promise: Promise<void> | null = null
  let keep: () => void = () => undefined

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
    if (promise) {
      await promise
      if (visit && token) return token
    }
    if (visit) {
      try {
        return await come('/v1/widget/session', { secret: visit })
      } catch (error) {
        if (!(error instanceof ApiProblem) || error.status !== 401) throw error
        // Over: the page is asked once more, and without its word one is a visitor like any other.
        visit = null
        expect()
        options.renew()
        await promise
        if (visit && token) return token
      }
    }
    // Read here, not before: another tab may just have become a visitor, and then we are the same one.
    return enter()
  }

  /** Where many newcomers come at once, this browser does some work first. */
  async function enter(): Promise<string> {
    let proof: object | undefined
    for (let tries = 0; ; tries++) {
      try {
        return await come('/v1/widget/session', { secret: memory.get('secret') ?? undefined, proof })
      } catch (error) {
        if (!isAsked(error) || tries === MOST_WORK) throw error
        const asked = await anonymous.post<WidgetChallenge>('/v1/widget/challenge', { key }, { auth: false })
        proof = (await answer(asked)) ?? undefined
        if (!proof) throw error
      }
    }
  }

  async function come(path: string, how: Record<string, unknown>): Promise<string> {
    const mine = generation
    const session = await anonymous.post<WidgetSession>(
      path,
      { key, ...how, locale: locale(), page: page() },
      { auth: false },
    )
    if (mine !== generation) throw new Error('forgotten')
    if (session.verified) {
      visit = session.secret ?? visit
      // What this browser was is part of who it turned out to be.
      memory.set('secret', null)
    } else if (session.secret) memory.set('secret', session.secret)
    token = session.token
    expiresAt = Date.now() + session.expires_in * 1000
    onSession(session)
    return session.token
  }

  function expect(): void {
    promise ??= new Promise<void>((done) => {
      keep = () => {
        keep = () => undefined
        promise = null
        done()
      }
      setTimeout(keep, PROMISE_MS)
    })
  }

  /** The same attempt again while no answer comes: it may have counted already. */
  async function vouchFor(signed: string): Promise<void> {
    const attempt = uuid()
    for (let tries = 1; ; tries++) {
      try {
        await come('/v1/widget/identify', { token: signed, attempt, secret: memory.get('secret') ?? undefined })
        return
      } catch (error) {
        if (!(error instanceof ApiProblem)) return
        if (!error.transient || tries === TRIES) return options.onRefused(error.code)
        const pause = Math.max((error.retryAfter ?? 0) * 1000, FIRST_PAUSE_MS * 2 ** tries)
        await new Promise((done) => setTimeout(done, pause * (0.5 + Math.random() / 2)))
      }
    }
  }

  function fetchToken(): Promise<string> {
    opening ??= alone(`frontdesk:visitor:${key}`, exchange)
      .catch((error: unknown) => {
        if (isOutside(error)) options.onOutside()
        throw error
      })
      .finally(() => {
        opening = null
      })
    return opening
  }

  function present(): { http: Http; isHere: () => boolean } {
    const mine = generation
    const isHere = () => mine === generation
    const check = () => {
      if (!isHere()) throw new Error('forgotten')
    }
    const own = createHttp({
      fetch: watched,
      token() {
        check()
        return token
      },
      async renew() {
        check()
        return fetchToken()
      },
    })
    return { http: own, isHere }
  }

  return {
    http,
    present,
    known: () => visit !== null || memory.get('secret') !== null,
    expect,
    async identify(signed) {
      if (signed) await vouchFor(signed)
      keep()
    },
    logOut() {
      if (visit && token) {
        const headers = { authorization: `Bearer ${token}` }
        anonymous.post('/v1/widget/logout', undefined, { auth: false, headers, keepalive: true }).catch(() => undefined)
      }
    },
    async token(force = false) {
      return !force && token && expiresAt - Date.now() > 30_000 ? token : fetchToken()
    },
    forget() {
      generation++
      token = null
      expiresAt = 0
      opening = null
      visit = null
      keep()
    },
  }
}

/** The company lets nobody in from this network. */
export const isOutside = (error: unknown) => error instanceof ApiProblem && error.code === 'address_blocked'

const isAsked = (error: unknown) =>
  error instanceof ApiProblem && ['challenge_needed', 'challenge_failed'].includes(error.code)

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
