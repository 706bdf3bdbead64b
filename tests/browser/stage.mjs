// What the browser stories share: a browser, the company's own site, letters, and an eye on everything that goes wrong.

import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(new URL('../../web/package.json', import.meta.url))
const { chromium } = require('playwright-core')

/** The server under test, and the harness's office: it has the letters, and the wires to the services. */
export const BASE = process.env['FRONTDESK_BASE']
const OFFICE = process.env['FRONTDESK_OFFICE']
const ARTEFACTS = fileURLToPath(new URL('../artefacts/', import.meta.url))
const STORY = process.argv[1].replace(/^.*\/|\.mjs$/g, '')
mkdirSync(ARTEFACTS, { recursive: true })
// What an earlier run left would only confuse.
for (const name of readdirSync(ARTEFACTS)) if (name.startsWith(`${STORY}-`)) rmSync(ARTEFACTS + name)

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** What a browser may write into its console, each with its reason. */
const ALLOWED = [
  // The browser itself notes every request and socket that finds no network while the story is offline.
  { while: 'offline', text: /net::ERR_INTERNET_DISCONNECTED/ },
  // The same for a server that is away, or a way to it that is blocked; only from its own pages, never from the host's. A
  // request whose connection was cut is repeated by the browser itself, and the repeat may find the first still at work. And for
  // what the story lets the server refuse: what is taken, and what asks first who sits there.
  { while: 'trouble', text: /net::ERR_|WebSocket connection to|status of (502|409|403)/ },
]

const complaints = []
const foreseen = []
const pages = []
let offline = false
let trouble = null
let step = 'the beginning'

/** From now on a console may say this as well; the story says why. */
export function allow(text) {
  foreseen.push(text)
}

/** Names what is being done, for whoever reads a failure. */
export function now(what) {
  step = what
  console.log(`· ${what}`)
}

export function check(good, what) {
  if (!good) throw new Error(what)
}

export async function openBrowser() {
  return chromium.launch({ executablePath: process.env['FRONTDESK_CHROMIUM'] || '/usr/bin/chromium', args: FLAGS })
}

/** A person at a device of their own. */
export async function person(browser, name, options = {}) {
  // Without motion: what slides under the pointer between its two halves of a click is hit by neither.
  const context = await browser.newContext({
    viewport: { width: 1360, height: 860 },
    locale: 'en-US',
    reducedMotion: 'reduce',
    ...options,
  })
  context.setDefaultTimeout(20_000)
  context.on('page', (page) => watch(page, name))
  return context
}

function watch(page, name) {
  const heard = { name, page, frames: [], asked: new Set(), quietSince: Date.now() }
  pages.push(heard)
  // A stream has no end to wait for.
  page.on('request', (request) => request.resourceType() !== 'eventsource' && heard.asked.add(request))
  for (const end of ['requestfinished', 'requestfailed']) {
    page.on(end, (request) => {
      heard.asked.delete(request)
      heard.quietSince = Date.now()
    })
  }
  const complain = (kind, text) => complaints.push(`${name}, at “${step}”: ${kind}: ${text}`)
  page.on('console', (message) => {
    if (message.type() !== 'error') return
    const { url } = message.location()
    const now = { offline, trouble: trouble !== null && url.startsWith(trouble) }
    const heard = `${message.text()} (${url})`
    const allowed = ALLOWED.some((rule) => now[rule.while] && rule.text.test(message.text()))
    if (!allowed && !foreseen.some((text) => text.test(heard))) complain('console', heard)
  })
  page.on('pageerror', (error) => complain('uncaught', error.stack ?? error.message))
  page.on('dialog', (dialog) => {
    complain('dialog', dialog.message())
    void dialog.dismiss()
  })
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => heard.frames.push(String(payload))))
  page.on('response', async (response) => {
    if (response.url().includes('/v1/')) heard.frames.push(await response.text().catch(() => ''))
  })
}

/** Everything that a person's pages were told by the server. */
export function toldTo(name) {
  return pages.filter((page) => page.name === name).flatMap((page) => page.frames)
}

/** Cuts somebody off from the network while `work` runs. */
export async function withoutNetwork(context, work) {
  offline = true
  await context.setOffline(true)
  await work()
  await context.setOffline(false)
}

/** From now on, pages from this address may note that their server does not answer. Null: no more. */
export function troubleAt(base) {
  trouble = base
}

/** The network has been back for long enough: complaints count again. */
export function online() {
  offline = false
}

/** Waits for something that is not on a page. */
export async function waitFor(good, what, within = 30_000) {
  const deadline = Date.now() + within
  while (!good()) {
    if (Date.now() > deadline) throw new Error(`it did not happen that ${what}`)
    await new Promise((next) => setTimeout(next, 50))
  }
}

/** Waits until nothing on the page is still a placeholder. */
export async function loaded(page) {
  // The browser's own word for a quiet network is sometimes never said of a page that got a frame meanwhile.
  const heard = pages.find((one) => one.page === page)
  const quiet = () => heard.asked.size === 0 && Date.now() - heard.quietSince >= 300
  await waitFor(quiet, `${page.url()} came to rest`)
  await page.waitForFunction(() => {
    const waiting = [...document.querySelectorAll('[role=status][aria-label], [aria-busy=true]')]
    return !waiting.some((element) => element.checkVisibility())
  })
}

export async function shot(page, name) {
  await page.screenshot({ path: `${ARTEFACTS}${STORY}-${name}.png`, animations: 'disabled' })
}

/** The company's own site: another origin, with whatever was pasted into it. */
export async function site(page, name = '127.0.0.1') {
  const server = createServer((request, response) => {
    if (request.url === '/favicon.ico') return response.writeHead(204).end()
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page())
  })
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
  server.unref()
  // By number, so that it is not even the same site as Frontdesk's, and the chat's frame is denied its storage as in any
  // private window; as `localhost` it is, and the frame has all of it.
  return `http://${name}:${server.address().port}/`
}

/** The newest letter to somebody, once it has come. */
export async function letter(to, about) {
  const response = await fetch(`${OFFICE}/letter?${new URLSearchParams({ to, about })}`)
  check(response.ok, `no letter to ${to} about ${about}`)
  return response.json()
}

/** The link that an operator is given to come in as support. */
export async function supportLink(company, operator, reason) {
  const response = await fetch(`${OFFICE}/support?${new URLSearchParams({ company, operator, reason })}`)
  check(response.ok, `support was not let in at ${company}`)
  return response.text()
}

/** Does something to the server's wire to a service: `hang`, `cut` or `mend` the `cache` or the `bus`. */
export async function wire(service, what) {
  const response = await fetch(`${OFFICE}/wire?${new URLSearchParams({ service, what })}`)
  check(response.ok, `the wire to the ${service} could not be told to ${what}`)
}

/** A button, or something else, inside a closed shadow root, found as a screen reader finds it. */
export async function shadowButton(page, name, role = 'button') {
  const devtools = await page.context().newCDPSession(page)
  try {
    const deadline = Date.now() + 15_000
    while (Date.now() < deadline) {
      const { nodes } = await devtools.send('Accessibility.getFullAXTree')
      const button = nodes.find(
        (node) => !node.ignored && node.role?.value === role && node.name?.value.startsWith(name),
      )
      if (button) {
        const { model } = await devtools.send('DOM.getBoxModel', { backendNodeId: button.backendDOMNodeId })
        const [left, top, right, , , bottom] = model.border
        if (right > left) return { x: (left + right) / 2, y: (top + bottom) / 2, label: button.name.value }
      }
      await page.waitForTimeout(50)
    }
  } finally {
    await devtools.detach()
  }
  throw new Error(`there is no ${role} “${name}” on the page`)
}

/** Opens the chat on the company's site, by a click or as the keyboard does, and gives its frame. */
export async function openChat(page, label, by = 'mouse') {
  const button = await shadowButton(page, label)
  if (by === 'mouse') await page.mouse.click(button.x, button.y)
  else {
    for (let presses = 0; presses < 20; presses += 1) {
      await page.keyboard.press('Tab')
      if (await page.evaluate(() => document.activeElement?.localName === 'frontdesk-widget')) break
    }
    await page.keyboard.press('Enter')
  }
  return chatOf(page)
}

export async function chatOf(page) {
  const deadline = Date.now() + 15_000
  while (Date.now() < deadline) {
    const frame = page.frames().find((each) => each.url().includes('/widget/frame'))
    if (frame) return frame
    await page.waitForTimeout(50)
  }
  throw new Error('the chat has no frame')
}

/** A company with its owner signed in, and the line for its site as served from `base`. */
export async function company(browser, { name, owner, base = BASE, device = {} }) {
  const context = await person(browser, 'owner', device)
  const portal = await context.newPage()
  await portal.goto(`${base}/signup`)
  await portal.getByLabel('Company', { exact: true }).fill(name)
  await portal.getByLabel('Your name').fill(owner)
  await portal.getByLabel('Work e-mail').fill(`${owner.split(' ')[0].toLowerCase()}-${Date.now()}@mail.test`)
  await portal.getByLabel('Password', { exact: true }).fill('celadon cups at nine')
  await portal.getByRole('button', { name: 'Create your front desk' }).click()
  await portal.getByRole('heading', { name: `Welcome, ${owner}` }).waitFor()
  const tag = (await portal.getByLabel('Script tag for your website').innerText()).trim().replace(BASE, base)
  return { context, portal, tag }
}

/** A plain page of a shop, which notices when anything makes it jump. */
export function shopPage(name, tag) {
  return `<!doctype html><html lang="en"><head><title>${name}</title><script>
    globalThis.shifts = []
    // What follows at once upon a key or a click was asked for (web.dev/articles/cls).
    const jumps = (list) => list.getEntries().filter((entry) => !entry.hadRecentInput)
    new PerformanceObserver((list) => globalThis.shifts.push(...jumps(list).map((entry) => entry.value)))
      .observe({ type: 'layout-shift', buffered: true })
    </script></head><body style="font:18px/1.6 Georgia,serif;max-width:40rem;margin:3rem auto;color:#333">
    <h1>${name}</h1><p>Hand-made cups since 1987.</p>${tag}</body></html>`
}

/** Ends the story: nothing was complained about, and nobody's text ever ran. */
export async function curtain(browser) {
  for (const { name, page } of pages) {
    if (page.isClosed()) continue
    for (const frame of page.frames()) {
      const pwned = await frame.evaluate(() => globalThis.__pwned).catch(() => undefined)
      if (pwned !== undefined) complaints.push(`${name}: a text ran as a program on ${frame.url()}: ${pwned}`)
    }
  }
  await browser.close()
  check(complaints.length === 0, `the pages complained:\n${complaints.join('\n')}`)
}

/** Runs a story; a failure leaves pictures of every page behind. */
export async function story(tell) {
  const browser = await openBrowser()
  try {
    await tell(browser)
    await curtain(browser)
  } catch (error) {
    for (const [index, { name, page }] of pages.entries()) {
      if (!page.isClosed()) await shot(page, `failed-${index}-${name}`).catch(() => undefined)
    }
    console.error(`at “${step}”: ${error.stack}`)
    if (complaints.length > 0) console.error(`the pages complained:\n${complaints.join('\n')}`)
    process.exitCode = 1
    await browser.close().catch(() => undefined)
  }
}
