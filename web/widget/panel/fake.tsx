// One inbox, one visitor and one conversation in memory, for the stories about the panel.
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { vi } from 'vitest'
import type { QueuePlace, WaitingCard, WidgetConversation, WidgetMessage } from 'client/types'
import { App } from './App'
import { createDesk, type Desk } from './desk'

export const KEY = 'ik_test'
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
  identity_required: false,
  teams: [],
  hours: { open: true, opens_at: null },
  emergency: { active: false, message: null, contacts: [{ kind: 'phone', label: 'Shop', value: '+44 20 7946 0000' }] },
}

/** One inbox, one visitor, one conversation. */
export class FakeServer {
  reachable = true
  /** It answers, but has no database. */
  troubled = false
  config = structuredClone(CONFIG)
  configStatus = 200
  conversation: WidgetConversation | null = null
  messages: WidgetMessage[] = []
  calls: string[] = []
  sockets: FakeSocket[] = []
  /** What each request said, beside `calls`. */
  bodies: Record<string, unknown>[] = []
  queue: QueuePlace | null = null
  shelf: WaitingCard[] = []
  blocked = false
  /** Newcomers are asked for some work first. */
  crowded = false
  /** The company lets nobody in from this network. */
  outside = false
  /** What every token of the page is refused with. */
  refusedToken: string | null = null
  visitOver = false
  /** So many messages are refused first: for the token, and for the crowd. */
  tokenOver = 0
  busy = 0
  /** A team that was taken from the choice after it was shown. */
  refusedTeam: string | null = null

  fetch = async (input: string, init: RequestInit = {}): Promise<Response> => {
    if (!this.reachable) throw new TypeError('Failed to fetch')
    const path = input.split('?')[0]!
    const body = (init.body ? JSON.parse(String(init.body)) : {}) as Record<string, unknown>
    this.calls.push(`${init.method} ${path}`)
    this.bodies.push(body)
    if (this.troubled) return Response.json({ code: 'temporarily_unavailable', status: 503 }, { status: 503 })
    if (path.endsWith('/config')) {
      if (this.configStatus === 200) return Response.json(this.config)
      return Response.json({ code: 'inbox_unknown' }, { status: this.configStatus })
    }
    if (path.endsWith('/identify')) {
      if (this.refusedToken) return Response.json({ code: this.refusedToken, status: 401 }, { status: 401 })
      return Response.json(this.vouched('visit.token'))
    }
    if (path.endsWith('/logout')) return new Response(null, { status: 204 })
    if (path.endsWith('/session') && body['secret'] === 'visit.token') {
      if (this.visitOver) return Response.json({ code: 'identity_expired', status: 401 }, { status: 401 })
      return Response.json(this.vouched())
    }
    if (path.endsWith('/session') && this.outside)
      return Response.json({ code: 'address_blocked', status: 403 }, { status: 403 })
    if (path.endsWith('/challenge'))
      return Response.json({ kind: 'proof_of_work', challenge: 'abc.def', bits: 8, expires_in: 120 })
    if (path.endsWith('/session') && this.crowded && !body['secret']) {
      const { challenge, answer } = (body['proof'] ?? {}) as { challenge?: string; answer?: string }
      const code = challenge === undefined ? 'challenge_needed' : 'challenge_failed'
      if (challenge !== 'abc.def' || answer !== '38') return Response.json({ code, status: 403 }, { status: 403 })
    }
    if (path.endsWith('/session')) {
      const secret = body['secret'] ? undefined : 's3cret'
      const session = {
        token: 't',
        expires_in: 900,
        secret,
        contact_id: 'cont_1',
        verified: false,
        blocked: this.blocked,
        conversation: this.conversation,
        emergency: this.config.emergency,
      }
      return Response.json(session)
    }
    if (path.endsWith('/queue/leave')) {
      if (this.queue) this.queue = { ...this.queue, patient: true }
      return Response.json({ conversation_id: this.conversation?.id ?? null, queue: this.queue })
    }
    if (path === '/v1/widget/queue')
      return Response.json({ conversation_id: this.conversation?.id ?? null, queue: this.queue })
    if (path === '/v1/widget/waiting-content') return Response.json({ data: this.shelf })
    if (path.includes('/waiting-content/')) return new Response(null, { status: 204 })
    if (path === '/v1/widget/messages' && this.refusedTeam) {
      const { team_id: team } = (body['start'] ?? {}) as { team_id?: string }
      if (team === this.refusedTeam) {
        const errors = [{ pointer: '/start/team_id', code: 'team_unknown' }]
        return Response.json({ code: 'validation_failed', status: 422, errors }, { status: 422 })
      }
    }
    if (path === '/v1/widget/messages' && this.tokenOver-- > 0)
      return Response.json({ code: 'token_invalid', status: 401 }, { status: 401 })
    if (path === '/v1/widget/messages' && this.busy-- > 0) {
      return Response.json({ code: 'company_busy', status: 429 }, { status: 429, headers: { 'retry-after': '1' } })
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

  private vouched(secret?: string): object {
    const { conversation, blocked, config } = this
    const { emergency } = config
    return { token: 'v', expires_in: 900, secret, contact_id: 'cont_v', verified: true, blocked, conversation, emergency }
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
      version: seq,
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

export class FakeSocket {
  static server: FakeServer
  readyState = 1
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  constructor() {
    if (!FakeSocket.server.reachable) {
      queueMicrotask(() => this.die())
      return
    }
    FakeSocket.server.sockets.push(this)
    queueMicrotask(() => this.onopen?.())
  }
  die(): void {
    this.readyState = 3
    this.onclose?.({ code: 1006 })
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

export let server: FakeServer
export let root: HTMLElement
export const settle = (ms = 50) => act(async () => void (await vi.advanceTimersByTimeAsync(ms)))

export async function open(): Promise<Desk> {
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

export function raise(): void {
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
}

export function clear(): void {
  render(null, root)
  vi.unstubAllGlobals()
  vi.useRealTimers()
}

let embedded = 0
let nonce = ''
const SHOP = 'https://shop.test'
let told: object[] = []
let page: object

/** Puts the panel into a shop's page: call it after `raise`. */
export function embed(): void {
  told = []
  // Panels of earlier stories still listen: each hears its own page alone.
  nonce = `a nonce of loader ${++embedded}`
  page = { postMessage: (message: object) => told.push(message) }
  vi.stubGlobal('parent', page)
  location.hash = String(new URLSearchParams({ n: nonce, o: SHOP }))
}

/** What the loader says to the panel. */
export function pageSays(message: object): void {
  const event = new MessageEvent('message', { data: { ...message, frontdesk: 1, nonce }, origin: SHOP })
  Object.defineProperty(event, 'source', { value: page })
  window.dispatchEvent(event)
}

/** What the panel has said to the loader. */
export function toldPage(): object[] {
  return told.map((message) => {
    const { frontdesk: _, nonce: _nonce, ...rest } = message as Record<string, unknown>
    return rest
  })
}
