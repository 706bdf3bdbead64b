// A small typed fetch: bearer token, one shared renewal on 401, problem+json as exceptions, idempotency keys.

import type { FieldError, ProblemBody } from './types'

/**
 * Anything that went wrong with a request. `code` is the API's stable code; three more are made here:
 * `network` (no answer), `timeout`, and `unexpected` (an answer that is no problem document).
 */
export class ApiProblem extends Error {
  readonly code: string
  /** HTTP status, 0 when there was no answer. */
  readonly status: number
  readonly title: string
  readonly detail: string | null
  readonly errors: readonly FieldError[]
  /** Seconds to wait before another try, when the server named them. */
  readonly retryAfter: number | null
  readonly requestId: string | null

  constructor(problem: Partial<ProblemBody> & { code: string; retryAfter?: number | null }) {
    super(problem.detail ?? problem.title ?? problem.code)
    this.name = 'ApiProblem'
    this.code = problem.code
    this.status = problem.status ?? 0
    this.title = problem.title ?? problem.code
    this.detail = problem.detail ?? null
    this.errors = problem.errors ?? []
    this.retryAfter = problem.retryAfter ?? null
    this.requestId = problem.request_id ?? null
  }

  /** The same request may well succeed later, unchanged. */
  get transient(): boolean {
    // Browsers repeat a request by themselves when its connection breaks, and the repeat may overtake the first.
    if (this.code === 'idempotency_key_busy') return true
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500
  }

  /** The first error of one field, e.g. `problem.field('email')`. */
  field(name: string): FieldError | undefined {
    return this.errors.find((error) => error.pointer === `/${name}`)
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>

export interface RequestOptions {
  query?: Query
  /** Sent as JSON. */
  body?: unknown
  /** Sent with writes; pass one of your own to make a retry safe. Made anew for every POST otherwise. */
  idempotencyKey?: string
  headers?: Record<string, string>
  signal?: AbortSignal
  /** `false` sends no bearer token and never renews. */
  auth?: boolean
  /** Milliseconds, 20 000 unless told. */
  timeout?: number
  /** Let the request outlive the page (small bodies only). */
  keepalive?: boolean
}

export interface HttpOptions {
  /** Origin and prefix of the API; the page's own origin unless told. */
  base?: string
  /** The current access token. */
  token?: () => string | null
  /** Called once for any number of requests that met 401; resolves to a fresh token, or null to give up. */
  renew?: () => Promise<string | null>
  fetch?: typeof fetch
}

/** A file, with the name that the server gives it. */
export interface FileAnswer {
  blob: Blob
  name: string | null
}

export interface Http {
  /** Fetches a file. Takes as long as the file does. */
  file(path: string, query?: Query, options?: RequestOptions): Promise<FileAnswer>
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T>
  get<T>(path: string, query?: Query, options?: RequestOptions): Promise<T>
  post<T>(path: string, body?: unknown, options?: RequestOptions): Promise<T>
  put<T>(path: string, body?: unknown, options?: RequestOptions): Promise<T>
  patch<T>(path: string, body?: unknown, options?: RequestOptions): Promise<T>
  delete<T = void>(path: string, options?: RequestOptions): Promise<T>
}

/** A random UUID. `crypto.randomUUID` exists only in secure contexts, so plain-http hosts need the long way. */
export function uuid(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const SIGNS_IN = /^\/v1\/(auth|signup|invitations)(\/|$)/

export function createHttp(options: HttpOptions = {}): Http {
  const base = options.base ?? ''
  const doFetch: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init))
  let renewal: Promise<string | null> | null = null

  function renewOnce(): Promise<string | null> {
    renewal ??= (options.renew?.() ?? Promise.resolve(null)).finally(() => {
      renewal = null
    })
    return renewal
  }

  async function attempt(method: string, path: string, o: RequestOptions, token: string | null): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json', ...o.headers }
    if (o.body !== undefined) headers['content-type'] = 'application/json'
    if (o.idempotencyKey) headers['idempotency-key'] = o.idempotencyKey
    if (token && o.auth !== false) headers['authorization'] = `Bearer ${token}`
    // For the list of one's own sessions: where the clock of this browser is.
    if (SIGNS_IN.test(path)) headers['x-time-zone'] = Intl.DateTimeFormat().resolvedOptions().timeZone

    const clock = new AbortController()
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      clock.abort()
    }, o.timeout ?? 20_000)
    const abort = () => clock.abort()
    o.signal?.addEventListener('abort', abort)
    if (o.signal?.aborted) abort()
    try {
      return await doFetch(base + path + queryString(o.query), {
        method,
        headers,
        body: o.body === undefined ? undefined : JSON.stringify(o.body),
        signal: clock.signal,
        credentials: 'same-origin',
        keepalive: o.keepalive,
      })
    } catch (error) {
      // The caller's own abort is not a failure of the request: it must stay recognisable as an AbortError.
      if (o.signal?.aborted) throw error
      throw new ApiProblem({ code: timedOut ? 'timeout' : 'network', title: String(error) })
    } finally {
      clearTimeout(timer)
      o.signal?.removeEventListener('abort', abort)
    }
  }

  async function answer(method: string, path: string, given: RequestOptions): Promise<Response> {
    const o = method === 'POST' && !given.idempotencyKey ? { ...given, idempotencyKey: uuid() } : given
    const token = options.token?.() ?? null
    let response = await attempt(method, path, o, token)
    if (response.status === 401 && o.auth !== false && options.renew) {
      // Another request may have renewed the token while this one was in flight.
      const current = options.token?.() ?? null
      const fresh = current && current !== token ? current : await renewOnce()
      if (fresh) response = await attempt(method, path, o, fresh)
    }
    if (!response.ok) throw await toProblem(response)
    return response
  }

  async function file(path: string, query?: Query, given: RequestOptions = {}): Promise<FileAnswer> {
    const response = await answer('GET', path, { ...given, query: { ...query, ...given.query } })
    const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? null
    try {
      return { blob: await response.blob(), name }
    } catch (error) {
      throw new ApiProblem({ code: 'network', title: String(error) })
    }
  }

  async function request<T>(method: string, path: string, given: RequestOptions = {}): Promise<T> {
    const response = await answer(method, path, given)
    if (response.status === 204 || response.headers.get('content-length') === '0') return undefined as T
    try {
      return (await response.json()) as T
    } catch {
      throw new ApiProblem({ code: 'unexpected', status: response.status, title: 'The answer was not JSON' })
    }
  }

  return {
    file,
    request,
    get: (path, query, o) => request('GET', path, { ...o, query: { ...query, ...o?.query } }),
    post: (path, body, o) => request('POST', path, { ...o, body }),
    put: (path, body, o) => request('PUT', path, { ...o, body }),
    patch: (path, body, o) => request('PATCH', path, { ...o, body }),
    delete: (path, o) => request('DELETE', path, o),
  }
}

function queryString(query: Query | undefined): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null) params.set(name, String(value))
  }
  const text = params.toString()
  return text && `?${text}`
}

async function toProblem(response: Response): Promise<ApiProblem> {
  const body = (await response.json().catch(() => null)) as Partial<ProblemBody> | null
  return new ApiProblem({
    ...body,
    code: typeof body?.code === 'string' ? body.code : 'unexpected',
    title: body?.title ?? response.statusText,
    status: response.status,
    request_id: body?.request_id ?? response.headers.get('x-request-id') ?? undefined,
    retryAfter: seconds(response.headers.get('retry-after')),
  })
}

/** `Retry-After` is either seconds or an HTTP date. */
function seconds(value: string | null): number | null {
  if (!value) return null
  const number = Number(value)
  if (Number.isFinite(number)) return Math.max(0, number)
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - Date.now()) / 1000))
}
