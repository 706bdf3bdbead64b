// @vitest-environment jsdom
// The panel against a small server in memory: becoming a visitor, outages, reloads, ratings, and texts that want to be HTML.
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { WidgetConversation, WidgetMessage } from 'client/types'
import { App } from './App'
import { createDesk, type Desk } from './desk'

const KEY = 'ik_test'
const CONFIG = {
  company: 'Kiln & Leaf',
  title: 'Kiln & Leaf',
  greeting: 'Welcome in',
  away_message: '',
  color: '#2f5d50',
  position: 'right',
  locale: 'en',
  theme: 'auto',
  online: true,
  survey_enabled: true,
}

/** One inbox, one visitor, one conversation. */
class FakeServer {
  reachable = true
  configStatus = 200
  conversation: WidgetConversation | null = null
  messages: WidgetMessage[] = []
  calls: string[] = []
  sockets: FakeSocket[] = []

  fetch = async (input: string, init: RequestInit = {}): Promise<Response> => {
    if (!this.reachable) throw new TypeError('Failed to fetch')
    const path = input.split('?')[0]!
    const body = (init.body ? JSON.parse(String(init.body)) : {}) as Record<string, unknown>
    this.calls.push(`${init.method} ${path}`)
    if (path.endsWith('/config')) {
      if (this.configStatus === 200) return Response.json(CONFIG)
      return Response.json({ code: 'inbox_unknown' }, { status: this.configStatus })
    }
    if (path.endsWith('/session')) {
      const secret = body['secret'] ? undefined : 's3cret'
      const session = { token: 't', expires_in: 900, secret, contact_id: 'cont_1', conversation: this.conversation }
      return Response.json(session)
    }
    if (path === '/v1/widget/messages') {
      const message = this.say('contact', String(body['text']), String(body['client_message_id']))
      return Response.json({ conversation: this.conversation, message }, { status: 201 })
    }
    if (path.endsWith('/survey')) {
      const survey = { ...this.conversation!.survey!, rating: Number(body['rating']), answered_at: 'now' }
      this.conversation = { ...this.conversation!, survey }
      return Response.json(this.conversation)
    }
    if (path.endsWith('/messages'))
      return Response.json({ data: this.messages, last_seq: this.messages.length, has_more: false })
    return Response.json(this.conversation ?? {})
  }

  say(kind: 'contact' | 'agent', text: string, client_message_id: string | null = null): WidgetMessage {
    const known = this.messages.find((message) => client_message_id && message.client_message_id === client_message_id)
    if (known) return known
    const seq = this.messages.length + 1
    const message: WidgetMessage = {
      id: `msg_${seq}`,
      conversation_id: 'conv_1',
      seq,
      episode: 1,
      message_type: kind === 'agent' ? 'outgoing' : 'incoming',
      sender: { kind, name: kind === 'agent' ? 'Mia' : null },
      text,
      content: null,
      client_message_id,
      created_at: new Date().toISOString(),
    }
    this.messages.push(message)
    this.conversation = {
      id: 'conv_1',
      status: 'open',
      episode: 1,
      assignee: null,
      agent_read_seq: 0,
      contact_read_seq: 0,
      unread_count: 0,
      survey: null,
      created_at: message.created_at,
      ...this.conversation,
      last_seq: seq,
    }
    return message
  }
}

class FakeSocket {
  static server: FakeServer
  readyState = 1
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  constructor() {
    FakeSocket.server.sockets.push(this)
    queueMicrotask(() => this.onopen?.())
  }
  send(text: string): void {
    const frame = JSON.parse(text) as { type: string }
    if (frame.type === 'hello') this.say({ type: 'welcome', heartbeat_seconds: 20 })
  }
  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
  close(): void {}
}

let server: FakeServer
let root: HTMLElement
const settle = (ms = 50) => act(async () => void (await vi.advanceTimersByTimeAsync(ms)))

async function open(): Promise<Desk> {
  const desk = createDesk(KEY)
  root = document.createElement('div')
  document.body.replaceChildren(root)
  await act(() => {
    render(<App store={desk.store} actions={desk.actions} />, root)
    desk.start()
  })
  await settle()
  return desk
}

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  server = FakeSocket.server = new FakeServer()
  vi.stubGlobal('fetch', server.fetch)
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined }))
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {}
      disconnect() {}
    },
  )
  Element.prototype.scrollTo = () => undefined
})

afterEach(() => {
  render(null, root)
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('a visitor', () => {
  it('is nobody to the server until the first message', async () => {
    const desk = await open()
    expect(server.calls).toEqual(['GET /v1/widget/config'])
    expect(root.textContent).toContain('Welcome in')
    desk.actions.send('Hello')
    await settle()
    expect(server.calls.slice(1)).toEqual(['POST /v1/widget/session', 'POST /v1/widget/messages'])
    expect(localStorage.getItem(`frontdesk:${KEY}:secret`)).toBe('s3cret')
    expect(server.sockets).toHaveLength(1)
    expect(root.querySelector('.mine .bubble')?.textContent).toBe('Hello')
  })

  it('finds the conversation again after a reload', async () => {
    localStorage.setItem(`frontdesk:${KEY}:secret`, 's3cret')
    server.say('contact', 'Hello')
    server.say('agent', 'Good day')
    await open()
    expect([...root.querySelectorAll('.bubble')].map((bubble) => bubble.textContent)).toEqual(['Hello', 'Good day'])
  })

  it('loses nothing to an outage and a closed tab', async () => {
    const desk = await open()
    server.reachable = false
    desk.actions.send('Written in the tunnel')
    desk.actions.setDraft('and half a sent')
    await settle()
    expect(root.textContent).toContain('Waiting for a connection')
    render(null, root)

    server.reachable = true
    await open()
    await settle()
    expect(server.messages.map((message) => message.text)).toEqual(['Written in the tunnel'])
    expect(root.querySelector('textarea')?.value).toBe('and half a sent')
  })

  it('hears answers once, however often they arrive', async () => {
    const desk = await open()
    desk.actions.send('Hello')
    await settle()
    const message = server.say('agent', 'Good day')
    for (let i = 0; i < 3; i++) server.sockets[0]!.say({ type: 'message.created', conversation_id: 'conv_1', message })
    await settle()
    expect([...root.querySelectorAll('.theirs .bubble')].map((bubble) => bubble.textContent)).toEqual(['Good day'])
    expect(root.querySelector('[aria-live=polite]')?.textContent).toBe('Mia says: Good day')
  })

  it('rates a closed conversation and is thanked', async () => {
    localStorage.setItem(`frontdesk:${KEY}:secret`, 's3cret')
    server.say('contact', 'Hello')
    const survey = { episode: 1, rating: null, comment: null, asked_at: 'now', answered_at: null }
    server.conversation = { ...server.conversation!, status: 'resolved', survey }
    const desk = await open()
    expect(root.querySelectorAll('.faces input[type=radio]')).toHaveLength(5)
    await act(() => desk.actions.rate(5, ''))
    expect(root.textContent).toContain('Thank you for your rating!')
  })
})

describe('the panel', () => {
  it('shows texts as texts', async () => {
    localStorage.setItem(`frontdesk:${KEY}:secret`, 's3cret')
    const nasty = '<img src=x onerror=alert(1)><script>alert(1)</script> javascript:alert(1)'
    server.say('agent', nasty)
    await open()
    expect(root.querySelector('.theirs .bubble')?.textContent).toBe(nasty)
    expect(root.querySelectorAll('.thread img, .thread script, .thread a')).toHaveLength(0)
  })

  it('says so when the inbox does not exist, and stops asking', async () => {
    server.configStatus = 404
    await open()
    await settle(120_000)
    expect(root.textContent).toContain('This chat is not available')
    expect(server.calls).toHaveLength(1)
  })

  it('keeps trying when the server cannot be reached, and comes back by itself', async () => {
    server.reachable = false
    await open()
    expect(root.textContent).toContain('The chat cannot be reached')
    server.reachable = true
    await settle(10_000)
    expect(root.textContent).toContain('Welcome in')
  })
})
