// The emergency plan by hand: written, switched on with a second thought, seen at once by visitors and agents, and over again.

import { check, company, loaded, now, openChat, person, shopPage, shot, site, story } from './stage.mjs'
import { gate } from './gate.mjs'

const MESSAGE = 'Our kiln is on fire. Orders leave on Monday; see https://status.teapot.test/now'

await story(async (browser) => {
  const network = await gate()
  const { context, portal, tag } = await company(browser, {
    name: 'Blue Teapot',
    owner: 'Mei Chen',
    base: network.base,
  })
  const visitor = await person(browser, 'visitor', { viewport: { width: 1180, height: 800 } })

  now('a conversation on an ordinary day')
  const page = await visitor.newPage()
  await page.goto(await site(() => shopPage('Blue Teapot', tag)))
  const chat = await openChat(page, 'Open chat')
  const write = async (text) => {
    await chat.getByRole('textbox', { name: 'Your message' }).fill(text)
    await page.keyboard.press('Enter')
  }
  await write('Where is my parcel?')
  const desk = await context.newPage()
  await desk.goto(`${network.base}/console`)
  await desk.getByRole('list', { name: 'Mine' }).getByRole('link').filter({ hasText: 'Where is my parcel?' }).click()
  const thread = desk.getByRole('log', { name: 'Messages' })
  await thread.getByText('Where is my parcel?').waitFor()

  now('writing the plan')
  await portal.bringToFront()
  await portal.getByRole('link', { name: 'Emergency plan', exact: true }).click()
  await portal.getByText('No other contact yet').waitFor()
  await loaded(portal)
  await shot(portal, '01-portal-empty')
  await portal.getByRole('textbox', { name: 'What visitors read' }).fill(MESSAGE)
  for (const [kind, label, value] of [
    ['Telephone', 'Workshop', '+44 20 7946 0000'],
    ['E-mail', 'Orders', 'orders@teapot'],
    ['Link', 'Status', 'status.teapot.test'],
    ['Other', 'In person', '4 Kiln Lane'],
  ]) {
    await portal.getByRole('button', { name: kind, exact: true }).click()
    await portal.getByRole('textbox', { name: 'Name' }).last().fill(label)
    await portal.getByRole('textbox', { name: kind, exact: true }).fill(value)
  }
  await portal.getByRole('button', { name: 'Save' }).click()
  await portal.getByText('Please check this e-mail address.').waitFor()
  await shot(portal, '02-portal-fault')
  await portal.getByRole('textbox', { name: 'E-mail' }).fill('orders@teapot.test')
  const preview = portal.frameLocator('iframe')
  await preview.getByText('Our kiln is on fire.').waitFor()
  await preview.getByRole('link', { name: /Workshop/ }).waitFor()

  await portal.getByText('No connection', { exact: true }).click()
  await preview.getByText('We cannot be reached right now').waitFor()
  await shot(portal, '02-portal-preview-away')

  now('leaving without saving')
  await portal.getByRole('link', { name: 'Inboxes', exact: true }).click()
  const leaving = portal.getByRole('dialog', { name: 'Leave without saving?' })
  await leaving.waitFor()
  await shot(portal, '03-portal-leave')
  await leaving.getByRole('button', { name: 'Cancel' }).click()
  await leaving.waitFor({ state: 'hidden' })
  await portal.goBack({ waitUntil: 'commit' }).catch(() => undefined)
  await leaving.getByRole('button', { name: 'Cancel' }).click()
  await leaving.waitFor({ state: 'hidden' })
  check(portal.url() === `${network.base}/portal/emergency`, `the page was left for ${portal.url()}`)
  await portal.getByRole('button', { name: 'Save' }).click()
  await portal.getByText('The plan is saved.').waitFor()

  now('switching it on')
  await portal.getByRole('button', { name: 'Switch on' }).click()
  const sure = portal.getByRole('dialog', { name: 'Switch emergency mode on?' })
  await shot(portal, '04-portal-sure')
  await sure.getByRole('button', { name: 'Switch on' }).click()
  const began = Date.now()
  await chat.getByText('Our kiln is on fire.').waitFor()
  console.log(`  the visitor read it after ${Date.now() - began} ms`)
  await desk.getByText('Emergency mode is on.').waitFor()
  await portal.getByText('Emergency mode is on').first().waitFor()
  await portal.getByText('Last changed by Mei Chen').waitFor()
  await shot(portal, '05-portal-on')
  const links = await chat
    .getByRole('list', { name: 'Other ways to reach us' })
    .getByRole('link')
    .evaluateAll((all) => all.map((link) => link.href))
  const expected = ['tel:+442079460000', 'mailto:orders@teapot.test', 'https://status.teapot.test/']
  check(JSON.stringify(links) === JSON.stringify(expected), `the contacts lead to ${links}`)
  await chat.getByText('4 Kiln Lane').waitFor()
  await shot(page, '06-chat-on')

  now('who has read it folds it away')
  const fold = chat.getByRole('button', { name: 'Other ways to reach us' })
  await fold.click()
  await chat.getByRole('link', { name: /Workshop/ }).waitFor({ state: 'detached' })
  await chat.getByText('Our kiln is on fire.').waitFor()
  await shot(page, '06-chat-folded')
  await fold.click()

  now('the chat goes on meanwhile')
  await write('Oh no! Is everybody well?')
  await thread.getByText('Oh no! Is everybody well?').waitFor()
  await desk.bringToFront()
  await desk.getByRole('textbox', { name: /Reply to|Write a reply/ }).fill('Everybody is, thank you!')
  await desk.keyboard.press('Enter')
  await chat.getByText('Everybody is, thank you!', { exact: true }).waitFor()
  await shot(desk, '07-console-on')

  now('somebody new on the same day')
  const late = await (await person(browser, 'visitor', { locale: 'zh-CN', colorScheme: 'dark' })).newPage()
  await late.goto(await site(() => shopPage('Blue Teapot', tag)))
  const other = await openChat(late, '打开聊天')
  await other.getByText('Our kiln is on fire.').waitFor()
  await other.getByText('您仍可在此留言').waitFor()
  await shot(late, '08-chat-new-dark')

  now('the day is over')
  await portal.bringToFront()
  await portal.getByRole('button', { name: 'Switch off' }).click()
  await portal.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click()
  await portal.getByText('Everything as usual').waitFor()
  await chat.getByText('Our kiln is on fire.').waitFor({ state: 'detached' })
  await desk.getByText('Emergency mode is on.').waitFor({ state: 'detached' })

  now('who did it')
  await portal.getByRole('link', { name: 'Audit log', exact: true }).first().click()
  await portal.getByText('changed the emergency plan').first().waitFor()
  check((await portal.getByText('changed the emergency plan').count()) === 3, 'saved, switched on, switched off')
  await shot(portal, '10-audit')
})
