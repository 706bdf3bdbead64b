// @vitest-environment jsdom
// The panel against a small server in memory: becoming a visitor, outages, reloads, ratings, and texts that want to be HTML.
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clear, FakeSocket, KEY, open, raise, root, server, settle } from './fake'

beforeEach(raise)
afterEach(clear)

describe('a visitor', () => {
  it('is nobody to the server until the first message', async () => {
    const desk = await open()
    expect(server.calls).toEqual(['GET /v1/widget/config'])
    expect(root.textContent).toContain('Welcome in')
    desk.actions.send('Hello')
    await settle()
    expect(server.calls.slice(1, 3)).toEqual(['POST /v1/widget/session', 'POST /v1/widget/messages'])
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

  it('keeps what is on the screen when it is to be loaded anew, until it can be', async () => {
    localStorage.setItem(`frontdesk:${KEY}:secret`, 's3cret')
    server.say('contact', 'Hello')
    server.say('agent', 'Good day')
    const desk = await open()
    await settle()
    const bubbles = () => [...root.querySelectorAll('.bubble')].map((bubble) => bubble.textContent)
    server.troubled = true
    server.sockets[0]!.say({ type: 'reset', conversation_id: 'conv_1' })
    await settle(1_000)
    expect(desk.store.get().history).toBe('failed')
    expect(bubbles()).toEqual(['Hello', 'Good day'])

    server.troubled = false
    server.messages = []
    server.say('agent', 'Begun anew')
    await settle(10_500)
    expect(desk.store.get().history).toBe('ready')
    expect(bubbles()).toEqual(['Begun anew'])
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

  it('says within five seconds that nobody can be reached, and still takes a message', async () => {
    server.reachable = false
    const desk = await open()
    await settle(4_500)
    expect(root.textContent).toContain('We cannot be reached right now')
    desk.actions.send('Anybody there?')
    await settle()
    expect(root.textContent).toContain('Your message is kept on this device')
    server.reachable = true
    await settle(60_000)
    expect(root.textContent).toContain('Welcome in')
    expect(root.textContent).not.toContain('We cannot be reached')
    expect(server.messages.map((message) => message.text)).toEqual(['Anybody there?'])
  })

  it('knows the other contacts when the server is gone on the next visit, and follows only safe ones', async () => {
    server.config.emergency.contacts = [
      { kind: 'phone', label: 'Shop', value: '+44 20 7946 0000' },
      { kind: 'link', label: 'Bad', value: 'javascript:alert(1)' },
    ]
    await open()
    expect(root.querySelector('.contacts')).toBeNull()
    render(null, root)
    server.reachable = false
    await open()
    await settle(4_500)
    const links = [...root.querySelectorAll<HTMLAnchorElement>('.contacts a')].map((link) => link.href)
    expect(links).toEqual(['tel:+442079460000'])
    expect(root.querySelector('.contacts')?.textContent).toContain('javascript:alert(1)')
  })

  it('confirms what was kept and has arrived, and nothing else', async () => {
    const desk = await open()
    desk.actions.send('At once')
    await settle(500)
    expect(root.querySelector('.delivered')).toBeNull()
    server.reachable = false
    FakeSocket.server.sockets[0]!.die()
    desk.actions.send('In the tunnel')
    await settle(6_000)
    server.reachable = true
    await settle(40_000)
    expect(server.messages.map((message) => message.text)).toEqual(['At once', 'In the tunnel'])
    expect(desk.store.get().delivered).toBe(1)
  })

  it('asks before it sends what was written long ago', async () => {
    const old = { client_message_id: '5b1c', text: 'Still there?', created_at: Date.now() - 8 * 86_400_000 }
    localStorage.setItem(`frontdesk:${KEY}:outbox:5b1c`, JSON.stringify({ ...old, state: 'sending' }))
    await open()
    expect(server.messages).toEqual([])
    expect(root.textContent).toContain('never sent')
    const button = [...root.querySelectorAll('button')].find((each) => each.textContent === 'Send now')
    await act(() => button!.click())
    await settle()
    expect(server.messages.map((message) => message.text)).toEqual(['Still there?'])
  })

  it('does not send in the name of another visitor', async () => {
    localStorage.setItem(`frontdesk:${KEY}:secret`, 's3cret')
    const entry = {
      client_message_id: '77',
      text: 'Mine',
      created_at: Date.now(),
      owner: 'cont_other',
      state: 'sending',
    }
    localStorage.setItem(`frontdesk:${KEY}:outbox:77`, JSON.stringify(entry))
    await open()
    await settle()
    expect(server.messages).toEqual([])
    expect(root.textContent).toContain('written as another visitor')
  })
})

describe('the emergency plan', () => {
  it('is shown while it is on, and the chat goes on below it', async () => {
    const desk = await open()
    desk.actions.send('Hello')
    await settle()
    const emergency = { active: true, message: 'Our line is down.', contacts: server.config.emergency.contacts }
    server.sockets[0]!.say({ type: 'emergency.updated', emergency })
    await settle()
    expect(root.querySelector('.notice')?.textContent).toContain('Our line is down.')
    expect(root.querySelector('.notice [role=status]')?.textContent).toContain('You can still write here')
    expect(root.querySelector<HTMLAnchorElement>('.contacts a')?.href).toBe('tel:+442079460000')
    expect(root.querySelector('textarea')).not.toBeNull()
    server.sockets[0]!.say({ type: 'emergency.updated', emergency: { ...emergency, active: false } })
    await settle()
    expect(root.querySelector('.notice')).toBeNull()
  })
})

describe('what the server says of the conversation', () => {
  it('is not undone by something older', async () => {
    const desk = await open()
    desk.actions.send('Hello')
    await settle()
    const say = (version: number, name: string) =>
      server.sockets[0]!.say({
        type: 'conversation.updated',
        conversation: { ...server.conversation!, version, assignee: { name } },
      })
    say(7, 'Mia')
    say(6, 'Bo')
    await settle()
    expect(desk.store.get().conversation?.assignee?.name).toBe('Mia')
    say(8, 'Bo')
    expect(desk.store.get().conversation?.assignee?.name).toBe('Bo')
  })

  it('takes the thanks for an address away once it goes on', async () => {
    const desk = await open()
    desk.actions.send('Hello')
    await settle()
    await act(() => desk.actions.leaveContact({ email: 'ana@mail.test' }))
    expect(root.textContent).toContain('we noted ana@mail.test')
    const message = server.say('agent', 'Good day')
    server.sockets[0]!.say({ type: 'message.created', conversation_id: 'conv_1', message })
    await settle()
    expect(root.textContent).not.toContain('we noted ana@mail.test')
  })
})
