// Networks that let less and less through: no socket, no stream, no long request. The chat goes on over what is left.

import {
  BASE,
  check,
  chatOf,
  company,
  now,
  openChat,
  person,
  shopPage,
  shot,
  site,
  story,
  troubleAt,
  waitFor,
} from './stage.mjs'
import { gate } from './gate.mjs'

/** How long an answer may take to the visitor's screen by the best of the ways that are left. */
const SOON_MS = 5_000

await story(async (browser) => {
  const network = await gate()
  const { context, tag } = await company(browser, { name: 'Blue Teapot', owner: 'Mei Chen' })
  const visitor = await person(browser, 'visitor', { viewport: { width: 1180, height: 800 } })
  const desk = await context.newPage()
  await desk.goto(`${BASE}/console`)
  await desk.getByText('You are all caught up').waitFor()

  now('a network without sockets')
  troubleAt(network.base)
  network.block('socket')
  const page = await visitor.newPage()
  await page.goto(await site(() => shopPage('Blue Teapot', tag.replace(BASE, network.base))))
  let chat = await openChat(page, 'Open chat')
  const write = async (text) => {
    await chat.getByRole('textbox', { name: 'Your message' }).fill(text)
    await page.keyboard.press('Enter')
  }
  const answer = async (text, within) => {
    await desk.getByRole('textbox', { name: /Reply to|Write a reply/ }).fill(text)
    const began = Date.now()
    await desk.keyboard.press('Enter')
    await chat.getByText(text, { exact: true }).waitFor({ timeout: within })
    console.log(`  “${text}” was on the visitor's screen after ${Date.now() - began} ms`)
  }
  await write('Is the large cup still there?')
  await desk.getByRole('list', { name: 'Mine' }).getByRole('link').filter({ hasText: 'Is the large cup' }).click()
  const thread = desk.getByRole('log', { name: 'Messages' })
  await thread.getByText('Is the large cup still there?').waitFor()
  await waitFor(() => network.seen.includes('stream'), 'the stream is tried')
  await answer('It is, by the stream.', SOON_MS)
  await chat.getByText('Mei Chen is here for you').waitFor()
  check(!network.seen.includes('poll'), 'the stream was enough')

  now('a network without streams')
  network.block('socket', 'stream')
  await waitFor(() => network.seen.includes('poll'), 'the long poll is tried')
  await write('Does it come in green?')
  await thread.getByText('Does it come in green?').waitFor()
  await answer('It does, by the poll.', SOON_MS)

  now('a network that cuts long requests short')
  network.block('socket', 'stream', 'poll')
  await write('And in red?')
  await thread.getByText('And in red?').waitFor()
  // It asks every few seconds.
  await answer('In red too, by plain requests.', 20_000)
  await shot(page, '01-chat-plain')

  now('the way that worked is remembered on the next page')
  network.seen.length = 0
  await page.reload()
  chat = await chatOf(page)
  await chat.getByText('In red too, by plain requests.').first().waitFor({ state: 'attached' })
  await page.waitForTimeout(1_000)
  check(network.seen.length === 0, `other ways were tried first: ${network.seen}`)

  now('a better network')
  network.block()
  await openChat(page, 'Open chat')
  // As when a telephone changes from one network to another; without a word it is tried again after a minute.
  await chat.evaluate(() => dispatchEvent(new Event('online')))
  await waitFor(() => network.seen.includes('socket'), 'the socket is tried again')
  await answer('Back on the socket.', SOON_MS)
  const said = await chat.locator('.bubble').allInnerTexts()
  check(new Set(said).size === said.length, `something was shown twice: ${said}`)
  check(said.length === 7, `something is missing: ${said}`)
})
