// The launcher, the stage for the panel's frame, and the waiting and failing states behind it: all in a closed shadow root.

import type { EmergencyContact } from 'client/types'
import { inkOn } from '../shared/color'
import { contactHref } from '../shared/contacts'
import type { Look } from '../shared/protocol'
import { el } from './dom'
import { createLeaving } from './leaving'
import styles from './loader.css?inline'
import { loaderText } from './text'

export interface ViewHandlers {
  toggle(): void
  close(): void
  retry(): void
  /** A message is left where it could not be sent. */
  leave(text: string): void
  layout(full: boolean): void
}

export interface Placement {
  side?: number
  bottom?: number
}

export interface View {
  dress(look: Look, dark: boolean): void
  place(placement: Placement): void
  showLauncher(shown: boolean): void
  setOpen(open: boolean): void
  setUnread(count: number): void
  /** `waiting` covers the frame, `live` uncovers it, `failed` offers another try, and to leave a message. */
  setStage(stage: 'waiting' | 'live' | 'failed'): void
  /** Whether a message may be left: not where the chat is never going to send it. */
  setLeaving(offered: boolean): void
  /** How many messages wait to be sent, and whether they outlive the page. */
  setKept(count: number, lasting: boolean): void
  /** What was begun and not left when the frame came. */
  takeBegun(): string
  tease(height: number | null): void
  mountFrame(url: string): HTMLIFrameElement
  unmountFrame(): void
  full(): boolean
  focusLauncher(): void
  /** Whether the keyboard is in the launcher or in the chat. */
  hasFocus(): boolean
  destroy(): void
}

/** Where the chat fills the screen; loader.css says the same. */
const PHONE = '(max-width: 480px), (max-height: 420px) and (pointer: coarse)'
const SVG = 'http://www.w3.org/2000/svg'

function icon(className: string, path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  const shape = document.createElementNS(SVG, 'path')
  for (const [name, value] of Object.entries({ viewBox: '0 0 24 24', fill: 'none', 'aria-hidden': 'true' }))
    svg.setAttribute(name, value)
  for (const [name, value] of Object.entries({
    d: path,
    stroke: 'currentColor',
    'stroke-width': '1.9',
    'stroke-linecap': 'round',
    'stroke-linejoin': 'round',
  }))
    shape.setAttribute(name, value)
  svg.setAttribute('class', className)
  svg.append(shape)
  return svg
}

const CHAT =
  'M12 3.5c-4.97 0-9 3.5-9 7.9 0 2.2 1 4.17 2.64 5.6-.1 1.2-.6 2.3-1.5 3.1-.2.2-.05.5.22.5 2 0 3.7-.72 4.9-1.72.88.22 1.8.33 2.74.33 4.97 0 9-3.5 9-7.9s-4.03-7.81-9-7.81ZM8.4 9.6h7.2M8.4 13.2h4.6'
const DOWN = 'm6 9.5 6 6 6-6'
const CROSS = 'm6 6 12 12M18 6 6 18'

export function createView(handlers: ViewHandlers): View {
  // A custom element's name, so that attachShadow is allowed and no `div { … }` of the host applies. Inline and
  // important, because a host's own important rules beat anything the shadow root says about its host.
  const host = document.createElement('frontdesk-widget')
  const outer = { all: 'initial', display: 'block', position: 'fixed', width: '0', height: '0', visibility: 'visible' }
  for (const [name, value] of Object.entries(outer)) host.style.setProperty(name, value, 'important')
  host.style.setProperty('z-index', '2147483000', 'important')
  const shadow = host.attachShadow({ mode: 'closed' })
  applyStyles(shadow)

  const badge = el('span', 'badge')
  badge.hidden = true
  badge.ariaHidden = 'true'
  const launcher = el('button', 'launcher', icon('chat', CHAT), icon('down', DOWN), badge)
  launcher.type = 'button'
  launcher.hidden = true
  launcher.setAttribute('aria-expanded', 'false')
  const wait = el('div', 'wait')
  const stage = el('div', 'stage', wait)
  const live = el('div', 'sr')
  live.setAttribute('aria-live', 'polite')
  const root = el('div', 'root right', stage, launcher, live)
  shadow.append(root)
  // Beside body, not in it: a transformed or replaced body would take a fixed child with it.
  document.documentElement.append(host)

  let text = loaderText('en')
  let contacts: readonly EmergencyContact[] = []
  let frame: HTMLIFrameElement | null = null
  let open = false
  let unread = 0
  let stageState: 'waiting' | 'live' | 'failed' = 'waiting'

  const leaving = createLeaving(text, handlers.leave)

  const phone = matchMedia(PHONE)
  const onPhone = () => {
    handlers.layout(phone.matches)
    fit()
  }
  phone.addEventListener('change', onPhone)

  launcher.addEventListener('click', handlers.toggle)
  root.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && open && !event.isComposing) {
      event.stopPropagation()
      handlers.close()
    }
  })
  // To the page a key in here is a key on its own body, where single letters may be shortcuts.
  for (const name of ['keydown', 'keypress', 'keyup'])
    root.addEventListener(name, (event) => leaving.form.contains(event.target as Node) && event.stopPropagation())

  // On phones the keyboard covers the layout viewport; only the visual viewport says what is left to see.
  const viewport = window.visualViewport
  const fit = () => {
    const used = open && phone.matches && viewport
    root.style.setProperty('--vh', used ? `${viewport.height}px` : '100dvh')
    root.style.setProperty('--vt', used ? `${viewport.offsetTop}px` : '0px')
  }
  viewport?.addEventListener('resize', fit)
  viewport?.addEventListener('scroll', fit)

  let scrollBefore: string | null = null
  function holdScroll(hold: boolean): void {
    const { style } = document.documentElement
    if (hold && scrollBefore === null) {
      scrollBefore = style.overflow
      style.overflow = 'hidden'
    } else if (!hold && scrollBefore !== null) {
      style.overflow = scrollBefore
      scrollBefore = null
    }
  }

  function label(): void {
    const name = open ? text.close : unread > 0 ? `${text.open}, ${text.unread(unread)}` : text.open
    launcher.setAttribute('aria-label', name)
    launcher.setAttribute('aria-expanded', String(open))
    if (frame) frame.title = text.frame
  }

  function renderWait(): void {
    const shut = el('button', 'shut', icon('', CROSS))
    shut.type = 'button'
    shut.setAttribute('aria-label', text.close)
    shut.addEventListener('click', handlers.close)
    if (stageState === 'failed') {
      const title = el('b')
      title.textContent = text.failed
      const hint = el('span')
      hint.textContent = contacts.length > 0 ? text.others : text.hint
      const others = el('ul', '', ...contacts.map(contactRow))
      const retry = el('button', 'retry')
      retry.type = 'button'
      retry.textContent = text.retry
      retry.addEventListener('click', handlers.retry)
      const sign = el('i', 'sign', icon('', CHAT))
      const said = el('div', 'said', sign, title, hint)
      said.setAttribute('role', 'alert')
      // Moved nodes lose the keyboard, and who is writing must not.
      const within = shadow.activeElement
      wait.replaceChildren(said, ...(contacts.length > 0 ? [others] : []), leaving.form, retry, shut)
      if (within && leaving.form.contains(within)) (within as HTMLElement).focus({ preventScroll: true })
      wait.removeAttribute('role')
    } else {
      const words = el('span')
      words.textContent = text.loading
      wait.replaceChildren(el('div', 'spin'), words, shut)
      wait.setAttribute('role', 'status')
    }
  }

  label()
  renderWait()

  return {
    dress(look, dark) {
      text = loaderText(look.locale)
      contacts = look.contacts
      root.style.setProperty('--color', look.color)
      root.style.setProperty('--ink', inkOn(look.color))
      root.classList.toggle('left', look.position === 'left')
      root.classList.toggle('right', look.position !== 'left')
      root.classList.toggle('dark', dark)
      root.lang = look.locale
      leaving.speak(text)
      label()
      renderWait()
    },
    place({ side, bottom }) {
      if (side !== undefined) root.style.setProperty('--side', `${side}px`)
      if (bottom !== undefined) root.style.setProperty('--bottom', `${bottom}px`)
    },
    showLauncher(shown) {
      launcher.hidden = !shown
      root.classList.toggle('bare', !shown)
    },
    setOpen(next) {
      open = next
      root.classList.toggle('open', open)
      holdScroll(open && phone.matches)
      fit()
      label()
    },
    setUnread(count) {
      if (count > unread && !open) live.textContent = text.arrived
      if (count === 0) live.textContent = ''
      unread = count
      badge.hidden = count === 0
      badge.textContent = count > 99 ? '99+' : String(count)
      label()
    },
    setStage(next) {
      if (next === stageState) return
      stageState = next
      root.classList.toggle('live', next === 'live')
      renderWait()
    },
    setLeaving(offered) {
      leaving.form.style.display = offered ? '' : 'none'
    },
    setKept: leaving.kept,
    takeBegun: leaving.take,
    tease(height) {
      root.classList.toggle('teased', height !== null)
      if (height !== null) root.style.setProperty('--teaser', `${height}px`)
    },
    mountFrame(url) {
      frame?.remove()
      frame = el('iframe')
      // For the code of a coupon; a frame may not write to the clipboard by itself.
      frame.allow = 'clipboard-write'
      frame.title = text.frame
      frame.src = url
      stage.append(frame)
      return frame
    },
    unmountFrame() {
      frame?.remove()
      frame = null
    },
    full: () => phone.matches,
    focusLauncher: () => launcher.focus({ preventScroll: true }),
    hasFocus: () => shadow.activeElement !== null,
    destroy() {
      holdScroll(false)
      phone.removeEventListener('change', onPhone)
      viewport?.removeEventListener('resize', fit)
      viewport?.removeEventListener('scroll', fit)
      host.remove()
    },
  }
}

function contactRow(contact: EmergencyContact): HTMLLIElement {
  const href = contactHref(contact)
  const row = el(href ? 'a' : 'span', 'contact')
  const [label, value] = [el('b'), el('span')]
  label.textContent = contact.label
  value.textContent = contact.value
  row.append(label, value)
  if (href) {
    const link = row as HTMLAnchorElement
    link.href = href
    link.rel = 'noopener noreferrer nofollow'
    if (contact.kind === 'link') link.target = '_blank'
  }
  return el('li', '', row)
}

function applyStyles(shadow: ShadowRoot): void {
  try {
    // A constructed sheet is not subject to the host's style-src, an element is.
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(styles)
    shadow.adoptedStyleSheets = [sheet]
  } catch {
    const element = el('style')
    element.textContent = styles
    shadow.append(element)
  }
}
