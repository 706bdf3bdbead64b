// @vitest-environment jsdom
// The page says who is here: the browser's own words come along, nothing of it is stored, and the next person is nobody.
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { clear, embed, KEY, open, pageSays, raise, root, server, settle, toldPage } from './fake'

beforeEach(() => {
  raise()
  embed()
})
afterEach(clear)

async function inTheShop() {
  const desk = await open()
  const page = { url: 'https://shop.test/', title: 'Shop', referrer: '' }
  await act(() => pageSays({ type: 'init', choices: {}, page, open: true, full: false, vouched: false }))
  await settle()
  return desk
}

describe('a visitor for whom the company vouches', () => {
  it('takes along what this browser said, and stores nothing of who they are', async () => {
    const desk = await inTheShop()
    desk.actions.send('Hello')
    await settle()
    expect(localStorage.getItem(`frontdesk:${KEY}:secret`)).toBe('s3cret')
    await act(() => pageSays({ type: 'identify', token: 'signed' }))
    await settle()
    const at = server.calls.indexOf('POST /v1/widget/identify')
    expect(server.bodies[at]).toMatchObject({ token: 'signed', secret: 's3cret' })
    expect(localStorage.getItem(`frontdesk:${KEY}:secret`)).toBeNull()
    expect(JSON.stringify({ ...localStorage })).not.toContain('visit.token')
    expect(toldPage()).toContainEqual({ type: 'identity', verified: true })
    expect(root.querySelector('.mine .bubble')?.textContent).toBe('Hello')
  })

  it('is asked about once more when the visit is over, and is a visitor like any other when the page cannot say', async () => {
    const desk = await inTheShop()
    await act(() => pageSays({ type: 'identify', token: 'signed' }))
    await settle()
    server.visitOver = true
    server.tokenOver = 1
    desk.actions.send('Still there?')
    await settle()
    expect(toldPage()).toContainEqual({ type: 'renew' })
    await act(() => pageSays({ type: 'identify', token: null }))
    await settle()
    expect(server.messages.map((message) => message.text)).toEqual(['Still there?'])
    expect(server.calls.filter((call) => call === 'POST /v1/widget/identify')).toHaveLength(1)
    expect(localStorage.getItem(`frontdesk:${KEY}:secret`)).toBe('s3cret')
  })

  it('is forgotten, at the server too, when they sign out', async () => {
    await inTheShop()
    await act(() => pageSays({ type: 'identify', token: 'signed' }))
    await settle()
    await act(() => pageSays({ type: 'logout' }))
    await settle()
    expect(server.calls).toContain('POST /v1/widget/logout')
    expect(Object.keys(localStorage).filter((key) => !key.endsWith(':config'))).toEqual([])
  })

  it('does not leave what is on its way to the next person when they sign out', async () => {
    const desk = await inTheShop()
    await act(() => pageSays({ type: 'identify', token: 'signed' }))
    await settle()
    let refused = 0
    vi.stubGlobal('fetch', async (input: string, init?: RequestInit) => {
      if (input !== '/v1/widget/messages' || refused++ > 0) return server.fetch(input, init)
      pageSays({ type: 'logout' })
      return Response.json({ code: 'token_invalid', status: 401 }, { status: 401 })
    })
    desk.actions.send('My order is late')
    await settle()
    expect(refused).toBe(1)
    expect(server.messages).toEqual([])
    expect(server.calls.at(-1)).toBe('POST /v1/widget/logout')
  })

  it('hears why a token was refused, and may write all the same', async () => {
    const desk = await inTheShop()
    server.refusedToken = 'identity_expired'
    await act(() => pageSays({ type: 'identify', token: 'old' }))
    await settle()
    expect(toldPage()).toContainEqual({ type: 'error', code: 'identity_expired' })
    expect(toldPage()).toContainEqual({ type: 'identity', verified: false })
    desk.actions.send('Hello')
    await settle()
    expect(server.messages.map((message) => message.text)).toEqual(['Hello'])
  })
})

describe('who may not write', () => {
  it('is told so in the place of the field', async () => {
    localStorage.setItem(`frontdesk:${KEY}:secret`, 's3cret')
    server.blocked = true
    server.say('contact', 'You thieves')
    await inTheShop()
    expect(root.querySelector('textarea')).toBeNull()
    expect(root.textContent).toContain('This chat is closed for you')
    expect(root.querySelector('.mine .bubble')?.textContent).toBe('You thieves')
  })

  it('is asked to sign in where only those may write who are vouched for, and then may', async () => {
    server.config.identity_required = true
    await inTheShop()
    expect(root.textContent).toContain('Please sign in to chat')
    await act(() => pageSays({ type: 'identify', token: 'signed' }))
    await settle()
    expect(root.querySelector('textarea')).not.toBeNull()
  })
})

describe('who comes from a network that the company keeps out', () => {
  it('is told so, and where else to turn, and keeps what they wrote', async () => {
    server.outside = true
    const desk = await inTheShop()
    expect(root.querySelector('textarea')).not.toBeNull()
    desk.actions.send('Hello?')
    await settle()
    expect(root.querySelector('textarea')).toBeNull()
    expect(root.querySelector('.door')?.textContent).toContain('This chat cannot be opened from your network')
    expect(root.querySelector('.door a')?.getAttribute('href')).toBe('tel:+442079460000')
    expect(root.querySelector('.mine .bubble')?.textContent).toBe('Hello?')
    server.outside = false
    await act(() => root.querySelector<HTMLButtonElement>('.mine button')?.click())
    await settle()
    expect(server.messages.map((message) => message.text)).toEqual(['Hello?'])
    expect(root.querySelector('textarea')).not.toBeNull()
  })

  it('is told so in the middle of a conversation when the connection has to be made anew', async () => {
    const desk = await inTheShop()
    desk.actions.send('Hello')
    await settle(1_000)
    expect(root.querySelector('textarea')).not.toBeNull()
    server.outside = true
    server.sockets.at(-1)!.onclose?.({ code: 4001 })
    await settle(1_000)
    expect(root.querySelector('textarea')).toBeNull()
    expect(root.querySelector('.mine .bubble')?.textContent).toBe('Hello')
  })

  it('is told so at once when this browser was here before', async () => {
    localStorage.setItem(`frontdesk:${KEY}:secret`, 's3cret')
    server.outside = true
    await inTheShop()
    expect(root.querySelector('textarea')).toBeNull()
    expect(root.textContent).toContain('This chat cannot be opened from your network')
  })
})

describe('a newcomer in a crowd', () => {
  it('works for a moment, and their words arrive once', async () => {
    const desk = await inTheShop()
    server.crowded = true
    desk.actions.send('Hello')
    await settle(500)
    expect(server.calls.filter((call) => call === 'POST /v1/widget/challenge')).toHaveLength(1)
    expect(server.calls.filter((call) => call === 'POST /v1/widget/session')).toHaveLength(2)
    expect(server.messages.map((message) => message.text)).toEqual(['Hello'])
    expect(localStorage.getItem(`frontdesk:${KEY}:secret`)).toBe('s3cret')
  })
})

describe('a company that is too busy', () => {
  it('keeps the words, says so kindly, and sends them by itself', async () => {
    const desk = await inTheShop()
    server.busy = 1
    desk.actions.send('Are you there?')
    await settle()
    expect(root.textContent).toContain('Many people are writing to us just now')
    expect(root.textContent).not.toContain('Waiting for a connection')
    await settle(1_700)
    expect(server.messages.map((message) => message.text)).toEqual(['Are you there?'])
  })
})
