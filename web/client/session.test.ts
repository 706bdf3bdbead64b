// A session in one tab: found again by its cookie, and not asked for where nobody ever signed in.
import { describe, expect, it, vi } from 'vitest'
import { createSession } from './session'

const me = { agent: { id: 'agent_1' } }
const body = { access_token: 'token', token_type: 'Bearer', expires_in: 900, me }

function shelf(kept: Record<string, string> = {}) {
  const map = new Map(Object.entries(kept))
  return {
    map,
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
    removeItem: (key: string) => void map.delete(key),
  }
}
const answering = (answer: () => Response) => vi.fn(() => Promise.resolve(answer())) as unknown as typeof fetch
const refused = () =>
  new Response(JSON.stringify({ code: 'session_expired', title: 'Over', status: 401 }), {
    status: 401,
    headers: { 'content-type': 'application/problem+json' },
  })

describe('restore', () => {
  it('asks nobody where nobody ever signed in', async () => {
    const fetch = answering(refused)
    const session = createSession({ fetch, storage: shelf() })
    expect(await session.restore()).toEqual({ status: 'signed_out' })
    expect(fetch).not.toHaveBeenCalled()
  })

  it('finds a session that was there, and keeps the mark but nothing secret', async () => {
    const storage = shelf()
    await createSession({ fetch: answering(() => Response.json(body)), storage }).login({ email: 'a', password: 'b' })
    expect([...storage.map.values()]).toEqual(['1'])
    const later = createSession({ fetch: answering(() => Response.json(body)), storage })
    expect(await later.restore()).toEqual({ status: 'signed_in', me })
  })

  it('forgets the mark with the session', async () => {
    const storage = shelf({ 'frontdesk.signed-in': '1' })
    expect(await createSession({ fetch: answering(refused), storage }).restore()).toEqual({ status: 'signed_out' })
    expect(storage.map.size).toBe(0)
  })

  it('keeps the mark while the server cannot be reached, and asks where storage is denied', async () => {
    const storage = shelf({ 'frontdesk.signed-in': '1' })
    const dead = vi.fn(() => Promise.reject(new TypeError('fetch failed'))) as unknown as typeof fetch
    expect((await createSession({ fetch: dead, storage }).restore()).status).toBe('unreachable')
    expect(storage.map.size).toBe(1)

    const denied = () => {
      throw new Error('denied')
    }
    const fetch = answering(() => Response.json(body))
    const session = createSession({ fetch, storage: { getItem: denied, setItem: denied, removeItem: denied } })
    expect((await session.restore()).status).toBe('signed_in')
  })
})

describe('a visit of support', () => {
  const link = () => {
    const replaceState = vi.fn()
    vi.stubGlobal('location', { hash: '#support=a-secret_1', pathname: '/portal', search: '' })
    vi.stubGlobal('history', { state: null, replaceState })
    const kept = shelf()
    vi.stubGlobal('sessionStorage', kept)
    return { replaceState, kept }
  }

  it('begins with its link, which leaves the address, and marks nobody as signed in', async () => {
    const { replaceState, kept } = link()
    const storage = shelf()
    const fetch = answering(() => Response.json(body))
    const session = createSession({ fetch, storage })
    expect(await session.restore()).toEqual({ status: 'signed_in', me })
    expect(vi.mocked(fetch).mock.calls[0]?.[0]).toContain('/v1/auth/support')
    expect(replaceState).toHaveBeenCalledWith(null, '', '/portal')
    expect(storage.map.size).toBe(0)
    expect([...kept.map.values()]).toEqual(['a-secret_1'])

    await session.logout()
    expect(session.state()).toEqual({ status: 'signed_out' })
    expect(fetch).toHaveBeenCalledTimes(1)
    expect(kept.map.size).toBe(0)
    vi.unstubAllGlobals()
  })

  it('that is over leaves the mark of whoever else is signed in here', async () => {
    const { kept } = link()
    const storage = shelf({ 'frontdesk.signed-in': '1' })
    const session = createSession({ fetch: answering(refused), storage })
    expect(await session.restore()).toEqual({ status: 'signed_out' })
    expect(storage.map.size).toBe(1)
    expect(kept.map.size).toBe(0)
    vi.unstubAllGlobals()
  })
})
