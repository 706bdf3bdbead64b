// The server loses what it can do without, one after the other: the console says so quietly, and the chat goes on.

import { BASE, check, company, now, openChat, person, shopPage, shot, site, story, wire } from './stage.mjs'

const BUS = 'Live updates may be a few seconds late.'
const CACHE = 'Who is online or typing may be out of date.'

await story(async (browser) => {
  const { context, tag } = await company(browser, { name: 'Blue Teapot', owner: 'Mei Chen' })
  const visitor = await person(browser, 'visitor', { viewport: { width: 1180, height: 800 } })
  const desk = await context.newPage()
  await desk.goto(`${BASE}/console`)
  await desk.getByText('You are all caught up').waitFor()
  const page = await visitor.newPage()
  await page.goto(await site(() => shopPage('Blue Teapot', tag)))
  const chat = await openChat(page, 'Open chat')
  await chat.getByRole('textbox', { name: 'Your message' }).fill('Is anybody there?')
  await page.keyboard.press('Enter')
  await desk.getByRole('list', { name: 'Mine' }).getByRole('link').filter({ hasText: 'Is anybody there?' }).click()
  const answer = async (text) => {
    await desk.getByRole('textbox', { name: /Reply to|Write a reply/ }).fill(text)
    await desk.keyboard.press('Enter')
    await chat.getByText(text, { exact: true }).waitFor()
  }

  now('the cache hangs')
  await wire('cache', 'hang')
  await answer('Somebody is.')
  await desk.getByText(CACHE).waitFor()
  check((await desk.getByText(BUS).count()) === 0, 'only what is amiss is told')

  now('the bus is cut as well')
  await wire('bus', 'cut')
  await desk.getByText(BUS).waitFor()
  await answer('And still is.')
  await shot(desk, '01-console-degraded')

  now('both are mended')
  await wire('cache', 'mend')
  await wire('bus', 'mend')
  await desk.getByText('Working with limits.').waitFor({ state: 'detached' })
  await answer('All is well again.')
  await shot(desk, '02-console-well')
})
