// Requests: problems as exceptions, one renewal for many, keys that make retries safe.
import { describe, expect, it } from 'vitest'
import { ApiProblem, createHttp, uuid } from './http'

type Call = { url: string; init: RequestInit }

function server(answer: (call: Call, count: number) => Response | Promise<Response>) {
  const calls: Call[] = []
  const fetch = (async (url: string, init: RequestInit) => {
    calls.push({ url, init })
    return answer({ url, init }, calls.length)
  }) as unknown as typeof globalThis.fetch
  return { calls, fetch }
}
const header = (call: Call, name: string) => (call.init.headers as Record<string, string>)[name]
const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ code, title: 'No', status, errors: [{ pointer: '/email', code: 'email_invalid' }] }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  })

describe('http', () => {
  it('renews once for requests that met 401 together, and repeats them', async () => {
    let token = 'old'
    let renewals = 0
    const { fetch, calls } = server((call) =>
      header(call, 'authorization') === 'Bearer new' ? Response.json({ ok: true }) : problem(401, 'unauthenticated'),
    )
    const http = createHttp({
      fetch,
      token: () => token,
      renew: async () => {
        renewals++
        await new Promise((resolve) => setTimeout(resolve, 5))
        return (token = 'new')
      },
    })
    expect(await Promise.all([http.get('/a'), http.get('/b'), http.post('/c', {})])).toHaveLength(3)
    expect([renewals, calls.length]).toEqual([1, 6])
  })

  it('turns problem documents, gibberish and silence into ApiProblem', async () => {
    const http = createHttp({ fetch: server(() => problem(429, 'rate_limited', { 'retry-after': '7' })).fetch })
    const limited = (await http.get('/').catch((e: unknown) => e)) as ApiProblem
    expect(limited).toBeInstanceOf(ApiProblem)
    expect(limited).toMatchObject({ code: 'rate_limited', status: 429, retryAfter: 7, transient: true })
    expect(limited.field('email')?.code).toBe('email_invalid')

    const odd = createHttp({ fetch: server(() => new Response('<h1>Bad gateway</h1>', { status: 502 })).fetch })
    await expect(odd.get('/')).rejects.toMatchObject({ code: 'unexpected', status: 502, transient: true })
    const dead = createHttp({ fetch: server(() => Promise.reject(new TypeError('fetch failed'))).fetch })
    await expect(dead.get('/')).rejects.toMatchObject({ code: 'network', status: 0, transient: true })
  })

  it('gives every POST a key, keeps one that was passed, and skips empty query values', async () => {
    const { fetch, calls } = server(() => new Response(null, { status: 204 }))
    const http = createHttp({ fetch, base: 'https://desk.test' })
    await http.post('/v1/x')
    await http.post('/v1/x', {}, { idempotencyKey: 'mine' })
    await http.get('/v1/y', { cursor: null, limit: 25, status: undefined })
    expect(header(calls[0]!, 'idempotency-key')).toMatch(/^[0-9a-f-]{36}$/)
    expect(header(calls[1]!, 'idempotency-key')).toBe('mine')
    expect(calls[2]!.url).toBe('https://desk.test/v1/y?limit=25')
  })

  it('stops when the caller aborts, as an abort', async () => {
    const abort = new AbortController()
    const { fetch } = server(
      ({ init }) =>
        new Promise((_, reject) => init.signal!.addEventListener('abort', () => reject(init.signal!.reason))),
    )
    const request = createHttp({ fetch }).get('/', {}, { signal: abort.signal })
    abort.abort()
    await expect(request).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('makes version 4 UUIDs also where crypto.randomUUID is missing', () => {
    const own = Object.getOwnPropertyDescriptor(crypto, 'randomUUID')
    Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true })
    try {
      expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    } finally {
      if (own) Object.defineProperty(crypto, 'randomUUID', own)
      else Reflect.deleteProperty(crypto, 'randomUUID')
    }
  })
})
