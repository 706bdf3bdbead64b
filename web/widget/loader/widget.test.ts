// @vitest-environment jsdom
// The launcher outlives a server that was too busy to show its frame, and goes only where the frame itself says that it must.
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { createEmitter } from './emitter'
import { createWidget, type Widget } from './widget'

const SERVER = 'https://chat.test'
const LOOK = { color: '#2f5d50', position: 'right', locale: 'en', contacts: [] }
let shadow: ShadowRoot
let widget: Widget
let codes: unknown[]
let warned: MockInstance
/** What was said to the frame. */
let told: { type: string; [name: string]: unknown }[]
// jsdom gives a frame below a shadow root no window.
const inside = { postMessage: (message: (typeof told)[number]) => told.push(message) }

const frame = () => shadow.querySelector('iframe')
const launcher = () => shadow.querySelector<HTMLButtonElement>('.launcher')!
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** An error page has come in the frame's place, and says nothing. */
async function loadsInVain(): Promise<void> {
  frame()!.dispatchEvent(new Event('load'))
  await pass(2_500)
}

function says(message: object): void {
  const nonce = new URLSearchParams(new URL(frame()!.src).hash.slice(1)).get('n')
  const event = new MessageEvent('message', { data: { ...message, frontdesk: 1, nonce }, origin: SERVER })
  Object.defineProperty(event, 'source', { value: inside })
  window.dispatchEvent(event)
}

beforeEach(async () => {
  vi.useFakeTimers()
  localStorage.clear()
  told = []
  warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const nothing = () => undefined
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: nothing, removeEventListener: nothing }))
  vi.spyOn(HTMLIFrameElement.prototype, 'contentWindow', 'get').mockReturnValue(inside as unknown as Window)
  // The loader's own file is answered whatever becomes of the frame.
  vi.stubGlobal('fetch', async () => new Response())
  const attach = Element.prototype.attachShadow
  vi.spyOn(Element.prototype, 'attachShadow').mockImplementation(function (this: Element) {
    shadow = attach.call(this, { mode: 'open' })
    return shadow
  })
  const emitter = createEmitter()
  codes = []
  emitter.on('error', (detail: { code: string }) => codes.push(detail.code))
  widget = createWidget(SERVER, 'ik_test', {}, emitter)
  await pass(1_000)
})

afterEach(async () => {
  widget.destroy(false)
  await pass(0)
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

it("keeps a first visitor's launcher while the server is too busy for its frame, and tries again by itself", async () => {
  await loadsInVain()
  await pass(500)
  expect(codes).toEqual(['frame_blocked'])
  expect(frame()).toBeNull()
  expect(launcher().hidden).toBe(false)

  await pass(5_000)
  expect(frame()).not.toBeNull()
  await loadsInVain()
  expect(codes).toEqual(['frame_blocked', 'frame_blocked'])
  expect(warned).toHaveBeenCalledTimes(1)

  await pass(10_000)
  says({ type: 'hello' })
  says({ type: 'look', look: LOOK })
  says({ type: 'ready' })
  expect(widget.ready()).toBe(true)
  expect(launcher().hidden).toBe(false)
})

it('takes no message to leave where it was never shown and may never be, but where nothing answers', async () => {
  const form = () => shadow.querySelector<HTMLElement>('.leave')!
  widget.open()
  await loadsInVain()
  await pass(500)
  expect(form().style.display).toBe('none')
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
  await pass(5_000)
  await loadsInVain()
  expect(codes).toEqual(['frame_blocked', 'unreachable'])
  expect(form().style.display).toBe('')
})

describe('where the frame cannot be had', () => {
  beforeEach(() => void vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch'))))

  const field = () => shadow.querySelector<HTMLTextAreaElement>('.leave textarea')!
  const note = () => shadow.querySelector('.leave [role=status]')!.textContent
  const kept = () => Object.keys(localStorage).filter((name) => name.includes(':left:'))
  const left = () =>
    told.filter(({ type }) => type === 'left').flatMap(({ messages }) => messages as { text: string }[])

  function press(key: string, more: KeyboardEventInit = {}): void {
    field().dispatchEvent(
      new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true, ...more }),
    )
  }

  function writes(text: string): void {
    field().value = text
    press('Enter')
  }

  async function comes(): Promise<void> {
    await pass(10_000)
    says({ type: 'hello' })
    says({ type: 'look', look: LOOK })
    says({ type: 'ready' })
  }

  it('takes a message by keyboard, keeps it for the next page, and hands it over until it is sent', async () => {
    widget.open()
    await loadsInVain()
    expect(field().closest('label')?.textContent).toBe('Leave a message')
    writes('  Do you ship to Graz?  ')
    expect(kept()).toHaveLength(1)
    expect(note()).toContain('Your message is kept on this device')
    expect(shadow.activeElement).toBe(field())
    expect(field().value).toBe('')
    writes('And to Linz?')
    expect(note()).toContain('2 messages are kept')

    await comes()
    expect(left().map(({ text }) => text)).toEqual(['Do you ship to Graz?', 'And to Linz?'])
    // The page is closed before they are sent: the next one hands them over again.
    widget.destroy(false)
    await pass(0)
    told = []
    widget = createWidget(SERVER, 'ik_test', { autoStart: false }, createEmitter())
    await comes()
    expect(left()).toHaveLength(2)
    const ids = kept().map((name) => name.split(':').at(-1))
    says({ type: 'taken', ids })
    expect(kept()).toEqual([])
  })

  it('sends nothing while an input method composes, nor an empty line, and tells the page no letters', async () => {
    widget.open()
    await loadsInVain()
    let heard = 0
    const listener = () => heard++
    addEventListener('keydown', listener)
    writes('   ')
    field().value = '您好'
    press('Enter', { isComposing: true })
    press('s')
    removeEventListener('keydown', listener)
    expect(kept()).toEqual([])
    expect(heard).toBe(0)
  })

  it('leaves who is writing alone while it tries again, and gives what was begun to the frame', async () => {
    widget.open()
    await loadsInVain()
    field().focus()
    field().value = 'Half a senten'
    await pass(5_000)
    await loadsInVain()
    widget.update({ locale: 'zh-CN' })
    expect(field().closest('label')?.textContent).toBe('给我们留言')
    expect([shadow.activeElement, field().value]).toEqual([field(), 'Half a senten'])
    await pass(20_000)
    says({ type: 'hello' })
    says({ type: 'ready' })
    expect(told).toContainEqual(expect.objectContaining({ type: 'compose', text: 'Half a senten' }))
    expect(left()).toEqual([])
  })

  it('says to leave the page open where it may store nothing', async () => {
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError')
    })
    widget.open()
    await loadsInVain()
    writes('Hello?')
    expect(note()).toContain('leave this page open')
    await comes()
    expect(left().map(({ text }) => text)).toEqual(['Hello?'])
  })

  it('takes away what stands under a name that is not its own, and hands it to nobody', async () => {
    const message = { id: '11111111-0000-4000-8000-000000000000', text: 'Again and again', at: 1 }
    localStorage.setItem('frontdesk:ik_test:left:22222222-0000-4000-8000-000000000000', JSON.stringify(message))
    localStorage.setItem('frontdesk:ik_test:left:33333333-0000-4000-8000-000000000000', '{')
    await comes()
    expect(left()).toEqual([])
    expect(kept()).toEqual([])
  })

  it('forgets what was left when the person signs out of the site', async () => {
    widget.open()
    await loadsInVain()
    writes('Mine')
    field().value = 'And half a senten'
    widget.logout()
    expect(kept()).toEqual([])
    expect([field().value, note()]).toEqual(['', ''])
  })
})

it('takes the launcher away where the frame says that this inbox cannot be served', async () => {
  says({ type: 'hello' })
  says({ type: 'refused', code: 'inbox_unknown' })
  expect(codes).toEqual(['inbox_unknown'])
  await pass(120_000)
  expect(launcher().hidden).toBe(true)
  widget.open()
  expect(shadow.querySelector('.root')!.classList.contains('open')).toBe(false)
})
