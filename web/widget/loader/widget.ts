// One booted widget on a page: when its frame is loaded, what is said to it, and what its launcher shows.

import type { About } from '../shared/about'
import { DEFAULT_COLOR, safeColor } from '../shared/color'
import { readContacts } from '../shared/contacts'
import { seal, unseal, type Choices, type FromFrame, type Look, type PageInfo, type ToFrame } from '../shared/protocol'
import type { Emitter } from './emitter'
import { createLeft } from './left'
import type { Options } from './options'
import { randomHex } from './random'
import { createView } from './view'
import { createVouching } from './vouching'
import { warn } from './warn'

export interface Widget {
  readonly key: string
  open(): void
  close(): void
  toggle(): void
  showLauncher(shown: boolean): void
  compose(text: string): void
  /** What the page says of the next talk; routing may go by it. */
  about(about: About): void
  /** Who is signed in on the page: a signed token, or a function that fetches one. */
  identify(source: unknown): void
  logout(): void
  update(options: Options): void
  ready(): boolean
  /** Takes everything away; `forget` also ends the visitor's identity in this browser. */
  destroy(forget: boolean): void
}

/** A whole frame speaks before it has loaded; one that has loaded and keeps silent is blocked, or an error page. */
const SILENCE_MS = 2_500
/** Who opened the chat is not left with a spinner for longer than this, though the frame may still come. */
const PATIENCE_MS = 4_000
const GIVE_UP_MS = 20_000
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 60_000
const LAUNCHER_AT_LATEST_MS = 3_000
const FORGET_MS = 1_500

export function createWidget(server: string, key: string, initial: Options, emitter: Emitter): Widget {
  let options = initial
  let frame: HTMLIFrameElement | null = null
  let nonce = ''
  let live = false
  let isOpen = false
  let dead = false
  let refused = false
  let teaser: number | null = null
  let queued: ToFrame[] = []
  let known: About | null = null
  let returnFocus: HTMLElement | null = null
  let silence: ReturnType<typeof setTimeout> | undefined
  let patience: ReturnType<typeof setTimeout> | undefined
  let retryTimer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let lastPage = ''
  const store = `frontdesk:${key}`
  const left = createLeft(key)
  const remembered = recall()
  const look: Look = {
    color: options.color ?? remembered?.color ?? DEFAULT_COLOR,
    position: options.position ?? remembered?.position ?? 'right',
    locale: remembered?.locale ?? guessLocale(),
    contacts: remembered?.contacts ?? [],
  }

  const view = createView({
    toggle: () => (isOpen ? close() : open()),
    close,
    retry() {
      failures = 0
      view.setStage('waiting')
      load()
    },
    leave(text) {
      left.keep(text)
      showKept()
      handOver()
      emitter.emit('message', { direction: 'out' })
    },
    layout: (full) => say({ type: 'layout', full }),
  })
  const vouching = createVouching(
    (token) => say({ type: 'identify', token }),
    (code) => emitter.emit('error', { code }),
  )
  const darkMode = matchMedia('(prefers-color-scheme: dark)')
  dress()
  view.place(options)
  showKept()

  // Seen before, or coloured by the page: nothing to wait for. Otherwise the inbox's own colour comes with the frame,
  // and a launcher that changes colour under the eye looks broken.
  let launcherDue = Boolean(remembered || options.color || options.autoStart === false)
  let launcherTimer: ReturnType<typeof setTimeout> | undefined
  if (launcherDue) showLauncher()

  // What was left on an earlier page is not to wait until somebody opens the chat.
  if (options.autoStart !== false || left.all().length > 0) whenIdle(load)

  addEventListener('message', onMessage)
  addEventListener('blur', tellPage)
  addEventListener('popstate', tellPage)
  addEventListener('online', onOnline)
  darkMode.addEventListener('change', dress)
  const navigation = (globalThis as { navigation?: EventTarget }).navigation
  navigation?.addEventListener('navigatesuccess', tellPage)

  function dress(): void {
    const mode = options.theme ?? 'auto'
    if (options.locale && options.locale !== 'auto') look.locale = options.locale
    view.dress(look, mode === 'dark' || (mode === 'auto' && darkMode.matches))
  }

  function showLauncher(): void {
    clearTimeout(launcherTimer)
    launcherDue = true
    view.showLauncher(!options.hideLauncher && !refused)
  }

  function load(): void {
    if (frame || dead) return
    clearTimeout(retryTimer)
    nonce = randomHex()
    // Tries that nobody asked for do not take the other contacts away from who is reading them.
    if (failures === 0) view.setStage('waiting')
    launcherTimer ??= setTimeout(showLauncher, LAUNCHER_AT_LATEST_MS)
    const fragment = new URLSearchParams({ n: nonce, o: location.origin })
    frame = view.mountFrame(`${server}/widget/frame?key=${encodeURIComponent(key)}#${fragment}`)
    const mine = frame
    clearTimeout(silence)
    silence = setTimeout(() => failed(mine), GIVE_UP_MS)
    expect()
    mine.addEventListener('load', () => {
      if (live || frame !== mine) return
      clearTimeout(silence)
      silence = setTimeout(() => failed(mine), SILENCE_MS)
    })
  }

  function expect(): void {
    clearTimeout(patience)
    patience = setTimeout(() => !live && isOpen && view.setStage('failed'), PATIENCE_MS)
  }

  /** The frame never spoke: the server is unreachable or too busy, or this page is not allowed to embed it. */
  function failed(mine: HTMLIFrameElement): void {
    if (live || frame !== mine || dead) return
    frame = null
    view.unmountFrame()
    view.setStage('failed')
    const first = failures === 0
    const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++)
    // Also while the chat is closed: nobody is to lose it for a whole page to one moment of trouble.
    retryTimer = setTimeout(load, pause * (0.5 + Math.random() / 2))
    // It has been here before, so it is allowed here; and a question to a missing server would stand in the page's log.
    if (remembered) return emitter.emit('error', { code: 'unreachable' })
    // An answer of any kind, even one we may not read, tells an unreachable server from a frame that was not shown. Why it was
    // not, a refusal or a busy server, the answer does not tell: the launcher stays.
    fetch(`${server}/widget.js`, { mode: 'no-cors', cache: 'no-store' }).then(
      () => {
        // Where the chat never was and may never be, nothing would send what was left.
        view.setLeaving(false)
        emitter.emit('error', { code: 'frame_blocked' })
        if (!first) return
        warn(
          `The chat was not shown on ${location.origin}. If it stays so, allow this domain for the inbox, and ${server} in this page's frame-src.`,
        )
      },
      () => {
        view.setLeaving(true)
        emitter.emit('error', { code: 'unreachable' })
      },
    )
  }

  function refuse(): void {
    refused = true
    view.showLauncher(false)
    view.setOpen((isOpen = false))
  }

  function onOnline(): void {
    if (!frame && !dead && launcherDue && options.autoStart !== false) load()
  }

  function onMessage(event: MessageEvent): void {
    const source = frame?.contentWindow
    if (!source) return
    const message = unseal<FromFrame>(event, { source, origin: server, nonce })
    if (message) receive(message)
  }

  function receive(message: FromFrame): void {
    switch (message.type) {
      case 'hello':
        clearTimeout(silence)
        live = true
        failures = 0
        say({
          type: 'init',
          choices: choices(),
          page: page(),
          open: isOpen,
          full: view.full(),
          vouched: vouching.promised(),
        })
        vouching.offer()
        if (known) say({ type: 'about', about: known })
        for (const waiting of queued.splice(0)) say(waiting)
        handOver()
        break
      case 'look':
        look.color = options.color ?? safeColor(message.look.color)
        look.position = options.position ?? (message.look.position === 'left' ? 'left' : 'right')
        look.locale = message.look.locale === 'zh-CN' ? 'zh-CN' : 'en'
        look.contacts = readContacts(message.look.contacts)
        remember()
        dress()
        showLauncher()
        break
      case 'ready': {
        view.setStage('live')
        const begun = view.takeBegun()
        if (begun.trim()) say({ type: 'compose', text: begun })
        if (isOpen) focusFrame()
        emitter.emit('ready')
        break
      }
      case 'open':
        open()
        break
      case 'close':
        close()
        break
      case 'unread':
        view.setUnread(message.count)
        emitter.emit('unread', message.count)
        break
      case 'message':
        emitter.emit('message', { direction: message.direction })
        break
      case 'taken':
        left.taken(message.ids)
        showKept()
        handOver()
        break
      case 'teaser':
        teaser = message.height
        view.tease(isOpen ? null : teaser)
        break
      case 'renew':
        vouching.offer()
        break
      case 'identity':
        emitter.emit('identity', { verified: message.verified })
        break
      case 'error':
        emitter.emit('error', { code: message.code })
        break
      case 'refused':
        emitter.emit('error', { code: message.code })
        warn(`The chat was refused: ${message.code}. Check data-key on the script tag.`)
        refuse()
        break
    }
  }

  /** Again and again until the frame says that they are sent: each has an id of its own. */
  function handOver(): void {
    const messages = live ? left.all() : []
    if (messages.length > 0) say({ type: 'left', messages })
  }

  function showKept(): void {
    view.setKept(left.all().length, left.lasting())
  }

  function say(message: ToFrame): void {
    if (!live) {
      if (['compose', 'open', 'logout'].includes(message.type)) queued.push(message)
      return
    }
    frame?.contentWindow?.postMessage(seal(nonce, message), server)
  }

  function choices(): Choices {
    return { locale: options.locale, theme: options.theme, color: options.color }
  }

  function tellPage(): void {
    const current = page()
    if (current.url === lastPage) return
    lastPage = current.url
    say({ type: 'page', page: current })
  }

  function focusFrame(): void {
    frame?.focus({ preventScroll: true })
  }

  function open(): void {
    if (isOpen || refused) return
    const active = document.activeElement
    returnFocus = !view.hasFocus() && active instanceof HTMLElement && active !== document.body ? active : null
    isOpen = true
    view.tease(null)
    view.setOpen(true)
    load()
    expect()
    tellPage()
    if (live) {
      focusFrame()
      say({ type: 'open' })
    }
    emitter.emit('open')
  }

  function close(): void {
    if (!isOpen) return
    const within = view.hasFocus()
    isOpen = false
    view.setOpen(false)
    say({ type: 'close' })
    // Only a keyboard that was in the chat is moved; one that is elsewhere on the page stays there.
    if (within) {
      if (returnFocus?.isConnected) returnFocus.focus({ preventScroll: true })
      else view.focusLauncher()
    }
    emitter.emit('close')
  }

  function recall(): Partial<Look> | null {
    try {
      const kept = JSON.parse(localStorage.getItem(store) ?? 'null') as Partial<Look> | null
      const position = kept?.position === 'left' ? 'left' : 'right'
      return kept && { ...kept, color: safeColor(kept.color), position, contacts: readContacts(kept.contacts) }
    } catch {
      return null
    }
  }

  function remember(): void {
    try {
      localStorage.setItem(store, JSON.stringify({ ...look, ...(options.color && { color: remembered?.color }) }))
    } catch {
      // Blocked storage costs a moment's wait for the launcher on the next page, no more.
    }
  }

  return {
    key,
    open,
    close,
    toggle: () => (isOpen ? close() : open()),
    showLauncher(shown) {
      options = { ...options, hideLauncher: !shown }
      if (launcherDue || shown) showLauncher()
    },
    compose(text) {
      open()
      say({ type: 'compose', text })
    },
    about(about) {
      known = about
      say({ type: 'about', about })
    },
    identify(source) {
      vouching.by(source)
      if (live) vouching.offer()
    },
    logout() {
      left.forget()
      view.takeBegun()
      showKept()
      vouching.by(null)
      say({ type: 'logout' })
    },
    update(change) {
      options = { ...options, ...change, key }
      if (change.color) look.color = change.color
      if (change.position) look.position = change.position
      view.place(change)
      dress()
      if (launcherDue) showLauncher()
      say({ type: 'choices', choices: choices() })
      tellPage()
    },
    ready: () => live,
    destroy(forget) {
      if (dead) return
      close()
      dead = true
      if (forget) left.forget()
      for (const timer of [silence, patience, retryTimer, launcherTimer]) clearTimeout(timer)
      removeEventListener('blur', tellPage)
      removeEventListener('popstate', tellPage)
      removeEventListener('online', onOnline)
      darkMode.removeEventListener('change', dress)
      navigation?.removeEventListener('navigatesuccess', tellPage)
      view.showLauncher(false)
      view.tease(null)
      // The identity lives in the frame's storage, so the frame must be there a moment longer to erase it.
      if (forget && live) say({ type: 'forget' })
      setTimeout(
        () => {
          removeEventListener('message', onMessage)
          view.destroy()
        },
        forget && live ? FORGET_MS : 0,
      )
    },
  }
}

function page(): PageInfo {
  const cut = (text: string) => text.slice(0, 2000)
  return { url: cut(location.href), title: cut(document.title), referrer: cut(document.referrer) }
}

function guessLocale(): Look['locale'] {
  return /^zh\b/i.test(navigator.language || document.documentElement.lang) ? 'zh-CN' : 'en'
}

function whenIdle(work: () => void): void {
  const idle = () =>
    typeof requestIdleCallback === 'function' ? requestIdleCallback(work, { timeout: 3000 }) : setTimeout(work, 800)
  if (document.readyState === 'complete') idle()
  else addEventListener('load', idle, { once: true })
}
