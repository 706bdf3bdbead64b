// What strangers write is text: names, messages, titles and comments full of markup are shown, and never run.

import { BASE, check, loaded, now, openChat, person, shot, site, story } from './stage.mjs'

const run = (where) => `globalThis.__pwned='${where}'`
const image = (where) => `<img src=x onerror="${run(where)}">`
const MESSAGES = [
  `<script>${run('script')}</script>`,
  `"><svg onload="${run('svg')}">`,
  `</textarea><iframe srcdoc="<script>parent.${run('frame')}</script>">`,
  `[click](javascript:${run('markdown')}) javascript:${run('scheme')}//`,
  `{{constructor.constructor("${run('template')}")()}} \${${run('literal')}}`,
  '<b>bold</b> &amp; &lt;i&gt; **stars** _under_',
  '\u202Egnp.exe\u202C \u200Bzero\u200Dwidth 👩‍👩‍👧 שלום',
]

const PAGES = [
  'Ratings',
  'Plan',
  'Usage',
  'Invoices',
  'Inboxes',
  'Colleagues',
  'Teams',
  'Skills',
  'Business hours',
  'Assignment',
  'Routing rules',
  'Waiting room',
  'Wait estimates',
  'Emergency plan',
  'API keys',
  'Audit log',
  'Account',
]

await story(async (browser) => {
  const owner = await person(browser, 'owner')
  const visitor = await person(browser, 'visitor', {
    viewport: { width: 1180, height: 800 },
  })
  const company = image('company')
  const agent = `"><script>${run('agent')}</script>`
  const stranger = `Ana ${image('name')}`

  now('a company by a bad name')
  const portal = await owner.newPage()
  await portal.goto(`${BASE}/signup`)
  await portal.getByLabel('Company', { exact: true }).fill(company)
  await portal.getByLabel('Your name').fill(agent)
  await portal.getByLabel('Work e-mail').fill(`bad-${Date.now()}@mail.test`)
  await portal.getByLabel('Password', { exact: true }).fill('celadon cups at nine')
  await portal.getByRole('button', { name: 'Create your front desk' }).click()
  await portal.getByRole('heading', { name: `Welcome, ${agent}` }).waitFor()
  const tag = (await portal.getByLabel('Script tag for your website').innerText()).trim()
  await shot(portal, '01-portal')

  now('a visitor by a bad name, on a page by a bad name')
  const title = JSON.stringify(`${image('title')} shop`).replaceAll('<', '\\u003c')
  const shop = await site(
    () =>
      `<!doctype html><html lang="en"><body><h1>Shop</h1><script>document.title = ${title}</script>${tag}</body></html>`,
  )
  const page = await visitor.newPage()
  await page.goto(`${shop}?q=${encodeURIComponent(image('address'))}#"><script>${run('hash')}</script>`)
  const chat = await openChat(page, 'Open chat')
  await chat.getByRole('heading', { name: company }).waitFor()
  const field = chat.getByRole('textbox', { name: 'Your message' })
  await field.fill(MESSAGES[0])
  await page.keyboard.press('Enter')
  await chat.getByLabel('E-mail').fill('ana@mail.test')
  await chat.getByLabel('Name (optional)').fill(stranger)
  await chat.getByRole('button', { name: 'Save' }).click()
  await chat.getByText('Thank you, we noted ana@mail.test.').waitFor()
  for (const text of MESSAGES.slice(1)) {
    await field.fill(text)
    await page.keyboard.press('Enter')
  }

  now('the console shows it all')
  const desk = await owner.newPage()
  await desk.goto(`${BASE}/console`)
  await desk.getByRole('list', { name: 'Mine' }).getByRole('link').filter({ hasText: stranger }).click()
  const thread = desk.getByRole('log', { name: 'Messages' })
  for (const text of MESSAGES) {
    await thread.getByText(text, { exact: true }).waitFor()
    await chat.getByText(text, { exact: true }).first().waitFor()
  }
  await desk.getByRole('heading', { name: stranger }).waitFor()
  await desk.getByRole('link', { name: `${image('title')} shop` }).waitFor()
  const links = await thread.getByRole('link').evaluateAll((all) => all.map((link) => link.href))
  check(!links.some((link) => !/^https?:/.test(link)), `a text became a link: ${links}`)
  await shot(desk, '02-console')
  await shot(page, '03-chat')

  now('answers as bad as the questions')
  for (const text of MESSAGES) {
    await desk.getByRole('textbox', { name: `Reply to ${stranger}…` }).fill(text)
    await desk.keyboard.press('Enter')
    await chat.getByText(text, { exact: true }).nth(1).waitFor()
  }
  await chat.getByText(`${agent} is here for you`).waitFor()

  now('searching and rating')
  await desk.keyboard.press('Control+k')
  await desk
    .getByRole('combobox', {
      name: 'Find a conversation, a person or a command',
    })
    .pressSequentially('Ana')
  await desk.getByRole('option').filter({ hasText: stranger }).first().waitFor()
  await shot(desk, '04-search')
  await desk.keyboard.press('Escape')
  await desk.getByRole('button', { name: 'Resolve' }).click()
  await chat.getByTitle('Very poor', { exact: true }).click()
  await chat.getByLabel('Would you like to tell us more?').fill(image('comment'))
  await chat.getByRole('button', { name: 'Send rating' }).click()
  await thread.getByText(image('comment')).waitFor()
  await shot(page, '05-chat-rated')

  now('an emergency plan full of markup')
  await portal.bringToFront()
  await portal.getByRole('link', { name: 'Emergency plan', exact: true }).click()
  await portal.getByRole('textbox', { name: 'What visitors read' }).fill(image('plan'))
  await portal.getByRole('button', { name: 'Link', exact: true }).click()
  await portal.getByRole('textbox', { name: 'Name' }).fill(`<b>${agent}`.slice(0, 60))
  await portal.getByRole('textbox', { name: 'Link', exact: true }).fill(`javascript:${run('contact')}`)
  await portal.getByRole('button', { name: 'Save' }).click()
  await portal.getByText('A whole address that begins with https://.').waitFor()
  await portal.getByRole('textbox', { name: 'Link', exact: true }).fill('https://teapot.test/"onclick=1')
  await portal.getByRole('combobox', { name: /^Kind of/ }).click()
  await portal.getByRole('option', { name: 'Other' }).click()
  await portal.getByRole('button', { name: 'Switch on' }).click()
  await portal.getByRole('dialog').getByRole('button', { name: 'Switch on' }).click()
  await chat.getByText(image('plan')).waitFor()
  await chat.getByText('teapot.test/"onclick=1').waitFor()
  await desk.getByText(image('plan')).waitFor()
  await shot(page, '07-chat-plan')

  now('the portal, page by page')
  await portal.bringToFront()
  for (const name of PAGES) {
    await portal.getByRole('link', { name, exact: true }).click()
    await portal.getByRole('heading', { level: 1, name }).waitFor()
    await loaded(portal)
    if (name === 'Ratings') await portal.getByText(image('comment')).waitFor()
    await shot(portal, `08-${name.toLowerCase().replaceAll(' ', '-')}`)
  }
})
