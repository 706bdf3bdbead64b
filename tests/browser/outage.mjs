// The server dies in the middle of a conversation and comes back: nobody is left without a word, and no word is lost or doubled.

import {
  check,
  company,
  now,
  openChat,
  person,
  shadowButton,
  shopPage,
  shot,
  site,
  story,
  troubleAt,
} from './stage.mjs'
import { gate } from './gate.mjs'

/** The promise: whoever cannot reach us knows within this time, and where else to turn. */
const TOLD_MS = 5_000

await story(async (browser) => {
  const network = await gate()
  const { context, portal, tag } = await company(browser, {
    name: 'Blue Teapot',
    owner: 'Mei Chen',
    base: network.base,
  })
  // One on another site, whose frame has nothing but partitioned cookies; one whose frame has its whole storage.
  const devices = await Promise.all([person(browser, 'visitor'), person(browser, 'neighbour')])
  const homes = [
    await site(() => shopPage('Blue Teapot', tag)),
    await site(() => shopPage('Blue Teapot', tag), 'localhost'),
  ]

  const loader = await fetch(`${network.base}/widget.js`)
  const caching = loader.headers.get('cache-control') ?? ''
  check(/stale-while-revalidate=\d{6}/.test(caching) && /stale-if-error=\d{6}/.test(caching), `the loader: ${caching}`)

  now('the company names its other contacts')
  await portal.getByRole('link', { name: 'Emergency plan', exact: true }).click()
  await portal.getByRole('button', { name: 'Telephone' }).click()
  await portal.getByRole('textbox', { name: 'Name' }).fill('Workshop')
  await portal.getByRole('textbox', { name: 'Telephone' }).fill('+44 20 7946 0000')
  await portal.getByRole('button', { name: 'Save' }).click()
  await portal.getByText('The plan is saved.').waitFor()

  now('two visitors write')
  const pages = []
  const chats = []
  for (const [index, device] of devices.entries()) {
    pages[index] = await device.newPage()
    await pages[index].goto(homes[index])
    chats[index] = await openChat(pages[index], 'Open chat')
    await write(index, `Hello from ${index}`)
  }
  const desk = await context.newPage()
  await desk.goto(`${network.base}/console`)
  const rowOf = (index) =>
    desk
      .getByRole('list', { name: 'Mine' })
      .getByRole('link')
      .filter({ hasText: `from ${index}` })
  await rowOf(1).waitFor()
  await rowOf(0).click()
  await answer('Good day!')
  await chats[0].getByText('Good day!', { exact: true }).waitFor()

  now('the server dies')
  troubleAt(network.base)
  const died = Date.now()
  await network.close()
  await Promise.all(chats.map((chat) => chat.getByText('We cannot be reached right now').waitFor()))
  const visitorTold = Date.now() - died
  await desk.getByText('We cannot reach the server.').waitFor()
  const agentTold = Date.now() - died
  console.log(`  the visitors were told after ${visitorTold} ms, the agent after ${agentTold} ms`)
  check(visitorTold <= TOLD_MS, `the visitors were told after ${visitorTold} ms`)
  check(agentTold <= TOLD_MS, `the agent was told after ${agentTold} ms`)
  const link = chats[0].getByRole('link', { name: /Workshop/ })
  check((await link.getAttribute('href')) === 'tel:+442079460000', 'the telephone can be dialled')
  await shot(pages[0], '01-chat-away')
  await shot(desk, '02-console-away')

  now('everybody writes on, and closes the tab')
  for (const index of [0, 1]) {
    await write(index, `Kept words of ${index}`)
    await write(index, `More of ${index}`)
    await chats[index].getByText('Your message is kept on this device').waitFor()
  }
  await shot(pages[0], '03-chat-kept')
  await answer('Kept answer')
  await desk.getByText('1 message is waiting.').waitFor()
  for (const page of pages) {
    const mine = await page.evaluate(() => JSON.stringify({ ...localStorage }) + document.cookie)
    check(!mine.includes('words'), `the host page was given words: ${mine}`)
  }
  // Either of its two places is enough: one of them is lost.
  const lost = await chats[1].evaluate(() => {
    const keys = Object.keys(localStorage).filter((key) => key.includes(':outbox:'))
    for (const key of keys) localStorage.removeItem(key)
    return keys.length
  })
  check(lost === 2, `the neighbour's frame kept ${lost} messages in its storage`)
  await desk.close()
  for (const page of pages) await page.close()

  now('a visit while the server is away')
  const visit = await devices[0].newPage()
  await visit.goto(homes[0])
  const opened = Date.now()
  await openLauncher(visit)
  const dial = await shadowButton(visit, 'Workshop', 'link')
  const alone = Date.now() - opened
  console.log(`  the loader alone told of the other contacts after ${alone} ms`)
  check(dial && alone <= TOLD_MS, `the loader told after ${alone} ms`)
  await shot(visit, '04-loader-away')
  const leave = await shadowButton(visit, 'Leave a message', 'textbox')
  await visit.mouse.click(leave.x, leave.y)
  await visit.keyboard.type('Left words of 0')
  await visit.keyboard.press('Enter')
  await visit.waitForFunction(() => JSON.stringify({ ...localStorage }).includes('Left words of 0'))
  await shot(visit, '05-loader-left')
  const shifts = await visit.evaluate(() => globalThis.shifts)
  check(shifts.length === 0, `the page jumped: ${shifts}`)
  await visit.close()

  now('the server is back')
  await network.open()
  for (const [index, device] of devices.entries()) {
    pages[index] = await device.newPage()
    await pages[index].goto(homes[index])
    chats[index] = await openChat(pages[index], 'Open chat')
    await chats[index].getByText('Your message has arrived.').waitFor()
    if (index === 0) await shot(pages[0], '06-chat-arrived')
    await chats[index].getByText(`More of ${index}`).waitFor()
  }
  await chats[0].locator('.bubble').getByText('Left words of 0', { exact: true }).waitFor()
  await pages[0].waitForFunction(() => !JSON.stringify({ ...localStorage }).includes('Left words'))
  const again = await context.newPage()
  await again.goto(`${network.base}/console`)
  const thread = again.getByRole('log', { name: 'Messages' })
  for (const index of [0, 1]) {
    const row = again
      .getByRole('list', { name: 'Mine' })
      .getByRole('link')
      .filter({
        hasText: index === 0 ? /More of 0|Kept answer|Left words/ : /More of 1/,
      })
    await row.click()
    await thread.getByText(`More of ${index}`).waitFor()
    const said = await thread.innerText()
    for (const text of [`Kept words of ${index}`, `More of ${index}`]) {
      check(said.split(text).length === 2, `“${text}” is there ${said.split(text).length - 1} times`)
    }
    check(said.indexOf('Kept words') < said.indexOf('More of'), 'the order was kept')
    if (index === 0) {
      check(said.split('Kept answer').length === 2, `the agent's answer: ${said}`)
      check(said.split('Left words of 0').length === 2, `what was left with the loader: ${said}`)
    }
  }
  await chats[0].getByText('Kept answer', { exact: true }).waitFor()
  await again.waitForTimeout(1_000)
  troubleAt(null)

  async function write(index, text) {
    await chats[index].getByRole('textbox', { name: 'Your message' }).fill(text)
    await pages[index].keyboard.press('Enter')
    await chats[index].locator('.bubble').getByText(text, { exact: true }).waitFor()
  }

  async function answer(text) {
    await desk.getByRole('textbox', { name: /Reply to|Write a reply/ }).fill(text)
    await desk.keyboard.press('Enter')
  }

  async function openLauncher(page) {
    const button = await shadowButton(page, 'Open chat')
    await page.mouse.click(button.x, button.y)
  }
})
