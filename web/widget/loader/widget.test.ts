// @vitest-environment jsdom
// The launcher outlives a server that was too busy to show its frame, and goes only where the frame itself says that it must.
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from 'vitest'
import { createEmitter } from './emitter'
import { createWidget, type Widget } from './widget'

const SERVER = 'https://chat.test'
const LOOK = { color: '#2f5d50', position: 'right', locale: 'en', contacts: [] }
let shadow: ShadowRoot
let widget: Widget
let codes: unknown[]
let warned: MockInstance
// jsdom gives a frame below a shadow root no window.
const inside = { postMessage: () => undefined }

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

it('takes the launcher away where the frame says that this inbox cannot be served', async () => {
  says({ type: 'hello' })
  says({ type: 'refused', code: 'inbox_unknown' })
  expect(codes).toEqual(['inbox_unknown'])
  await pass(120_000)
  expect(launcher().hidden).toBe(true)
  widget.open()
  expect(shadow.querySelector('.root')!.classList.contains('open')).toBe(false)
})
