// @vitest-environment jsdom
// The waiting room in the panel: the place, the bar that keeps what it gained, what there is to look at, and the ways out.
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { QueuePlace } from 'client/types'
import { clear, KEY, open, raise, root, server, settle } from './fake'

const PLACE: QueuePlace = {
  position: 3,
  ahead: 2,
  estimate: { seconds: 240, low_seconds: 130, high_seconds: 400 },
  progress: 0.4,
  vip_insert: false,
  open: true,
  opens_at: null,
  message_form: false,
  staffed: true,
  patient: false,
  full: false,
  refused: false,
  since: '2026-03-02T08:00:00Z',
}
const strip = () => root.querySelector('.waiting')
const spoken = () => root.querySelector('section > span[role=status]')?.textContent
const bar = () => Number(root.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow'))
const say = async (change: Partial<QueuePlace> | null) => {
  server.queue = change && { ...PLACE, ...change }
  server.sockets.at(-1)!.say({ type: 'queue.updated', conversation_id: 'conv_1', queue: server.queue })
  await settle()
}
const press = async (text: string) => {
  const button = [...root.querySelectorAll('button')].find((each) => each.textContent?.includes(text))
  await act(() => button!.click())
}
const fill = async (selector: string, value: string) => {
  const field = root.querySelector<HTMLInputElement>(selector)!
  field.value = value
  await act(() => void field.dispatchEvent(new Event('input', { bubbles: true })))
}

async function wait(place: Partial<QueuePlace> = {}) {
  server.queue = { ...PLACE, ...place }
  const desk = await open()
  desk.actions.send('Hello')
  await settle(1_000)
  await settle(1_000)
  return desk
}

beforeEach(raise)
afterEach(clear)

describe('the place in the line', () => {
  it('says position, people ahead and a range, and that it is kept', async () => {
    await wait()
    expect(strip()?.textContent).toContain('Number 3 in line')
    expect(strip()?.textContent).toContain('about 4 minutes (2–7)')
    expect(strip()?.textContent).toContain('2 people are ahead of you')
    expect(strip()?.textContent).toContain('Your place is kept, also when you close this page.')
    expect(bar()).toBe(40)
  })

  it('says no time that nobody knows', async () => {
    await wait({ estimate: null, position: 1, ahead: 0 })
    expect(strip()?.textContent).toContain('You are next')
    expect(strip()?.textContent).not.toMatch(/minute/)
  })

  it('does not promise anybody the next agent while nobody is there', async () => {
    await wait({ estimate: null, position: 1, ahead: 0, staffed: false })
    expect(strip()?.textContent).toContain('Nobody is here right now')
    expect(strip()?.textContent).toContain('number 1 in line')
    expect(strip()?.textContent).not.toContain('You are next')
    expect(root.querySelector('[role=progressbar]')).toBeNull()
  })

  it('is found again by the next page of the same visitor', async () => {
    await wait()
    render(null, root)
    await open()
    await settle(1_000)
    expect(strip()?.textContent).toContain('Number 3 in line')
  })

  it('never lets the bar run back, but for a priority that is announced', async () => {
    await wait()
    await say({ progress: 0.6, position: 2, ahead: 1 })
    expect(bar()).toBe(60)
    await say({ progress: 0.5, position: 2, ahead: 1 })
    expect(bar()).toBe(60)
    await say({ progress: 0.45, position: 3, ahead: 2, vip_insert: true })
    expect(bar()).toBe(45)
    expect(strip()?.textContent).toContain('Somebody with priority was let in before you')
    await say({ progress: 0.8, position: 1, ahead: 0 })
    expect(bar()).toBe(80)
    await say({ progress: 0.1, since: '2026-03-02T09:00:00Z' })
    expect(bar()).toBe(10)
  })

  it('goes when somebody is there, and a late frame does not bring it back', async () => {
    const desk = await wait()
    const conversation = { ...server.conversation!, version: 9, assignee: { name: 'Mia' } }
    server.sockets.at(-1)!.say({ type: 'conversation.updated', conversation })
    await settle()
    expect(desk.store.get().queue).toBeNull()
    expect(spoken()).toBe('You are connected with Mia.')
    await say({ position: 1 })
    expect(desk.store.get().queue).toBeNull()
  })

  it('is told politely: a new position soon, the rest every fifteen seconds at most', async () => {
    await wait()
    expect(spoken()).toContain('Number 3')
    await say({ estimate: { seconds: 300, low_seconds: 190, high_seconds: 500 } })
    await settle(5_000)
    expect(spoken()).toContain('about 4 minutes')
    await settle(11_000)
    expect(spoken()).toContain('about 5 minutes')
    await say({ position: 2, ahead: 1 })
    await settle(1_000)
    expect(spoken()).toContain('Number 2')
  })

  it('says when the doors open while they are shut', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000)
    tomorrow.setHours(9, 0, 0, 0)
    await wait({ open: false, opens_at: tomorrow.toISOString() })
    expect(strip()?.textContent).toContain('We are closed right now')
    expect(strip()?.textContent).toMatch(/We open tomorrow at 9:00/)
    expect(root.querySelector('[role=progressbar]')).toBeNull()
  })

  it('survives an answer that overtakes nothing and a server that has none', async () => {
    await wait()
    await say(null)
    expect(root.querySelector('.place')).toBeNull()
  })
})

describe('the ways not to wait', () => {
  it('asks for what each needs, and says what comes of it', async () => {
    await wait()
    await press('Call me back')
    await press('Send')
    expect(root.querySelector('.leave [role=alert]')?.textContent).toContain('phone number')
    await fill('.leave input[type=tel]', '+44 20 7946 0000')
    await press('Send')
    await settle()
    const at = server.calls.indexOf('POST /v1/widget/queue/leave')
    const id = expect.any(String) as string
    expect(server.bodies[at]).toEqual({ client_message_id: id, kind: 'callback', phone: '+44 20 7946 0000' })
    expect(strip()?.textContent).toContain('call you as soon as somebody is free')
    expect(root.querySelector('.leave')).toBeNull()
  })

  it('unfolds the message form where the wait got too long', async () => {
    await wait({ message_form: true })
    expect(root.querySelector('.leave')?.textContent).toContain('It is taking longer than we would like')
    await press('Send')
    expect(root.querySelector('.leave [role=alert]')?.textContent).toContain('a few words')
    await fill('.leave textarea', 'Please tell me about the blue one')
    await press('Send')
    await settle()
    const at = server.calls.indexOf('POST /v1/widget/queue/leave')
    const id = expect.any(String) as string
    expect(server.bodies[at]).toEqual({
      client_message_id: id,
      kind: 'message',
      text: 'Please tell me about the blue one',
    })
  })

  it('asks for a message where the line was full, and for nothing where nobody can be reached', async () => {
    await wait({ full: true, message_form: true })
    expect(strip()?.textContent).toContain('Every line is busy')
    expect(root.querySelector('.leave')?.textContent).toContain('How can we get back to you?')
    expect(root.querySelector('.composer')).not.toBeNull()
    await say({ full: true, refused: true })
    expect(strip()?.textContent).toContain('Nobody can be reached right now')
    expect(root.querySelector('.leave')).toBeNull()
    expect(root.querySelector('.composer')).toBeNull()
    expect(root.querySelector('.door')?.textContent).toContain('You cannot write just now')
  })

  it('takes no keyboard from the page when one may write again, but when one asks for it', async () => {
    const desk = await wait({ full: true })
    await act(() => desk.store.set({ focusRequest: 1 }))
    await settle()
    expect(document.activeElement).toBe(root.querySelector('textarea'))
    await say({ full: true, refused: true })
    vi.spyOn(document, 'hasFocus').mockReturnValue(false)
    await say({})
    expect(root.querySelector('.composer')).not.toBeNull()
    expect(document.activeElement).toBe(document.body)
    await act(() => desk.store.set({ focusRequest: 2 }))
    await settle()
    expect(document.activeElement).toBe(root.querySelector('.composer textarea'))
    vi.restoreAllMocks()
  })

  it('leaves the question for an address alone while somebody writes theirs', async () => {
    server.config = Object.assign(server.config, { online: false })
    const desk = await open()
    desk.actions.send('Hello')
    await settle()
    await fill('.card input[type=email]', 'ana@mail')
    await say({ staffed: false })
    expect(strip()?.textContent).toContain('Nobody is here')
    await say({ staffed: true })
    expect(root.querySelector<HTMLInputElement>('.card input[type=email]')?.value).toBe('ana@mail')
    expect(root.querySelector('.leave')).toBeNull()
  })

  it('goes out again under the same id while the words are the same', async () => {
    await wait()
    await press('Message')
    await fill('.leave textarea', 'Hello again')
    server.troubled = true
    await press('Send')
    await settle()
    await press('Send')
    await settle()
    await fill('.leave textarea', 'Something else')
    server.troubled = false
    await press('Send')
    await settle()
    const left = server.bodies.filter((_, at) => server.calls[at] === 'POST /v1/widget/queue/leave')
    const [first, again, other] = left.map((body) => body['client_message_id'])
    expect(left).toHaveLength(3)
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })

  it('keeps what was written when the server does not take it', async () => {
    await wait()
    await press('Message')
    await fill('.leave textarea', 'Hello again')
    server.reachable = false
    await press('Send')
    await settle()
    expect(root.querySelector('.leave [role=alert]')?.textContent).toContain('could not be saved')
    expect(root.querySelector<HTMLTextAreaElement>('.leave textarea')?.value).toBe('Hello again')
  })
})

describe('what there is to look at', () => {
  const card = { body: '', media_url: null, link_url: null, coupon_code: null }

  it('is shown one by one, counted once each, and links lead only where they may', async () => {
    const copied = vi.fn(async () => undefined)
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: copied }, configurable: true })
    server.shelf = [
      { ...card, id: 'content_1', kind: 'coupon', title: 'Ten off', coupon_code: 'TEA-10' },
      { ...card, id: 'content_2', kind: 'article', title: 'On clay', link_url: 'javascript:alert(1)' },
    ]
    await wait()
    await settle(1_000)
    const events = () => server.calls.filter((call) => call.includes('/events'))
    expect(events()).toEqual(['POST /v1/widget/waiting-content/content_1/events'])
    await press('Copy code')
    expect(copied).toHaveBeenCalledWith('TEA-10')
    await press('Copied')
    expect(events()).toHaveLength(2)
    await act(() => root.querySelector<HTMLButtonElement>('[aria-label=Next]')!.click())
    expect(root.querySelector('.shelf')?.textContent).toContain('On clay')
    expect(root.querySelector('.shelf a')).toBeNull()
    await settle(900)
    expect(events()).toHaveLength(2)
    await settle(100)
    expect(events()).toHaveLength(3)
    await act(() => root.querySelector<HTMLButtonElement>('[aria-label=Previous]')!.click())
    expect(events()).toHaveLength(3)
  })
})

describe('the choice of a team', () => {
  const teams = [
    { id: 'team_1', name: 'Sales', description: 'Before you buy', open: true, waiting: 0 },
    { id: 'team_2', name: 'Repairs', description: null, open: false, waiting: 4 },
  ]

  it('goes with the first message, also of a page that was left in between', async () => {
    server.config = Object.assign(server.config, { teams })
    await open()
    expect(root.querySelector('.teams')?.textContent).toContain('Closed now')
    await act(() => root.querySelectorAll<HTMLInputElement>('.teams input')[1]!.click())
    expect(localStorage.getItem(`frontdesk:${KEY}:team`)).toBe('team_2')
    render(null, root)
    const desk = await open()
    desk.actions.send('My pot leaks')
    await settle()
    const at = server.calls.indexOf('POST /v1/widget/messages')
    expect(server.bodies[at]!['start']).toEqual({ team_id: 'team_2' })
    expect(root.querySelector('.teams')).toBeNull()
    expect(localStorage.getItem(`frontdesk:${KEY}:team`)).toBeNull()
  })

  it('costs nobody their message when the team is gone meanwhile', async () => {
    server.config = Object.assign(server.config, { teams })
    server.refusedTeam = 'team_1'
    const desk = await open()
    desk.actions.chooseTeam('team_1')
    desk.actions.send('Hello')
    await settle()
    expect(server.messages.map((message) => message.text)).toEqual(['Hello'])
    expect(root.textContent).not.toContain('Not sent')
  })

  it('is not asked where there is none, and a team that is gone is not named', async () => {
    localStorage.setItem(`frontdesk:${KEY}:team`, 'team_9')
    const desk = await open()
    expect(root.querySelector('.teams')).toBeNull()
    desk.actions.send('Hello')
    await settle()
    expect(server.bodies[server.calls.indexOf('POST /v1/widget/messages')]!['start']).toBeUndefined()
  })
})
