// The script on the customer's page. It leaves one symbol, `window.frontdesk`, a function that is called with a method's
// name; calls made before this script arrived wait in `frontdesk.q`.

import { readAbout } from '../shared/about'
import { createEmitter, type WidgetEvent } from './emitter'
import { readOptions } from './options'
import { warn } from './warn'
import { createWidget, type Widget } from './widget'

type Call = [method: string, ...rest: unknown[]]

interface Frontdesk {
  (...call: Call): void
  q?: ArrayLike<unknown>[]
  loaded?: boolean
}

declare global {
  interface Window {
    frontdesk?: Frontdesk
  }
}

const script =
  (document.currentScript as HTMLScriptElement | null) ??
  document.querySelector<HTMLScriptElement>("script[data-key][src*='widget.js']")

// A second copy of the tag, as tag managers like to add, must not make a second launcher.
if (!window.frontdesk?.loaded) install()

function install(): void {
  const server = new URL(script?.src || location.href, location.href).origin
  const emitter = createEmitter()
  const tag = readOptions(script ? { ...script.dataset } : {})
  let widget: Widget | null = null

  const methods: Record<string, (...args: unknown[]) => void> = {
    boot(input) {
      const options = { ...tag, ...readOptions(input) }
      if (!options.key) return warn('boot needs a key: data-key on the script tag, or { key }.')
      if (location.origin === 'null') {
        return warn('A page without an origin (a file, a sandbox) cannot hold the chat.')
      }
      if (widget?.key === options.key) return widget.update(readOptions(input))
      widget?.destroy(false)
      widget = createWidget(options.server ?? server, options.key, options, emitter)
    },
    ready(listener) {
      if (typeof listener !== 'function') return
      if (widget?.ready()) listener()
      else {
        const once = () => {
          emitter.off('ready', once)
          listener()
        }
        emitter.on('ready', once)
      }
    },
    update: (input) => widget?.update(readOptions(input)),
    shutdown() {
      widget?.destroy(true)
      widget = null
    },
    open: () => widget?.open(),
    close: () => widget?.close(),
    toggle: () => widget?.toggle(),
    showLauncher: () => widget?.showLauncher(true),
    hideLauncher: () => widget?.showLauncher(false),
    newMessage: (text) => widget?.compose(typeof text === 'string' ? text.slice(0, 4000) : ''),
    about: (about) => widget?.about(readAbout(about)),
    identify: (source) => widget?.identify(source),
    logout: () => widget?.logout(),
    setLocale: (locale) => widget?.update(readOptions({ locale })),
    setTheme: (theme) => widget?.update(readOptions({ theme })),
    on: (event, listener) => emitter.on(event as WidgetEvent, listener),
    off: (event, listener) => emitter.off(event as WidgetEvent, listener),
  }

  const call = (...[method, ...rest]: Call): void => {
    const run = Object.prototype.hasOwnProperty.call(methods, method) && methods[method]
    if (run) run(...rest)
    else warn(`There is no method "${method}".`)
  }

  const waiting = window.frontdesk?.q ?? []
  const frontdesk: Frontdesk = call
  frontdesk.loaded = true
  window.frontdesk = frontdesk

  // Listeners first, whatever the order of the calls: a page that asks late for `ready` still wants to hear it.
  const calls = [...waiting].map((entry) => Array.from(entry) as Call)
  const listening = (entry: Call) => entry[0] === 'on'
  for (const entry of calls.filter(listening)) call(...entry)
  if (tag.key && !calls.some((entry) => entry[0] === 'boot')) call('boot')
  for (const entry of calls) if (!listening(entry)) call(...entry)
}
