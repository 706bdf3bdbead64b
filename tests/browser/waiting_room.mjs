// Three visitors and one agent who takes one at a time: places, estimates and bars move as conversations end, on every device and
// after the tab was closed; the board shows the same; and who would rather not wait need not.

import { accessible } from './axe.mjs'
import {
  BASE,
  check,
  company,
  loaded,
  now,
  openChat,
  person,
  shopPage,
  shot,
  site,
  story,
  troubleAt,
} from './stage.mjs'

await story(async (browser) => {
  now('a company with one agent, who takes one at a time, and something to look at')
  const owner = await company(browser, { name: 'Blue Teapot', owner: 'Mei Chen' })
  const { portal } = owner
  const saved = () => portal.getByText('Saved.').first().waitFor()
  await portal.goto(`${BASE}/portal/team`)
  const capacity = portal.getByLabel('How many open conversations Mei Chen takes at once')
  await capacity.fill('1')
  await capacity.press('Enter')
  await portal.getByText('Saved for Mei Chen.').waitFor()
  await portal.goto(`${BASE}/portal/waiting-content/new`)
  await portal.getByText('Coupon', { exact: true }).click()
  await portal.getByLabel('Title').fill('Ten off, for your patience')
  await portal.getByLabel('Code').fill('LATE-10')
  await portal.getByRole('button', { name: 'Save', exact: true }).click()
  await saved()
  await portal.goto(`${BASE}/portal/rules/new`)
  await portal.getByLabel('Name').fill('Urgent')
  await portal.getByRole('combobox', { name: 'What is looked at' }).click()
  await portal.getByRole('option', { name: 'Intent' }).click()
  await portal.getByRole('textbox', { name: 'Value' }).fill('urgent')
  await portal.getByLabel('Before everybody else').check()
  await portal.getByRole('button', { name: 'Save', exact: true }).click()
  await saved()
  const desk = await owner.context.newPage()
  await desk.goto(`${BASE}/console`)
  await desk.getByRole('button', { name: /Mei Chen.*Online/s }).waitFor()

  const shop = await site(() => shopPage('Blue Teapot', owner.tag))
  // A page of theirs that says what the talk will be about.
  const said = `<script>window.frontdesk = window.frontdesk || function () {
    (window.frontdesk.q = window.frontdesk.q || []).push(arguments) }; frontdesk('about', { intent: 'urgent' })</script>`
  const urgent = await site(() => shopPage('Blue Teapot', said + owner.tag))
  const visit = async (name, options = {}, where = shop) => {
    const context = await person(browser, name, { viewport: { width: 1180, height: 800 }, ...options })
    const page = await context.newPage()
    await page.goto(where)
    return { context, page }
  }
  const write = async (page, chat, text, label = 'Your message') => {
    await chat.getByRole('textbox', { name: label }).fill(text)
    await page.keyboard.press('Enter')
  }
  // In minutes, as it is written; less than one is half of one.
  const estimate = async (chat) => {
    const text = await chat.locator('.waiting .time').innerText()
    if (/less than|不到/.test(text)) return 0.5
    return parseFloat(text.match(/[\d.]+/)[0]) * (/hour|小时/.test(text) ? 60 : 1)
  }
  const bar = async (chat) => Number(await chat.getByRole('progressbar').getAttribute('aria-valuenow'))

  now('the first is answered at once, the others wait')
  const ana = await visit('ana')
  const anas = await openChat(ana.page, 'Open chat')
  await write(ana.page, anas, 'Is the blue one back?')
  await anas.getByText('Mei Chen is here for you').waitFor()
  check((await anas.getByRole('progressbar').count()) === 0, 'somebody who is served is shown a line')
  const ben = await visit('ben')
  let bens = await openChat(ben.page, 'Open chat')
  await write(ben.page, bens, 'My lid broke.')
  await bens.getByText('You are next', { exact: true }).waitFor()
  await bens.getByText('Your place is kept, also when you close this page.').waitFor()
  await bens
    .locator('.waiting .time')
    .filter({ hasText: /^(about|less than)/ })
    .waitFor()
  const chi = await visit('chi', { locale: 'zh-CN', colorScheme: 'dark' })
  let chis = await openChat(chi.page, '打开聊天')
  await write(chi.page, chis, '可以单独买盖子吗？', '您的消息')
  await chis.getByText('您排在第 2 位', { exact: true }).waitFor()
  await chis.getByText('您前面还有 1 人。').waitFor()
  await chis.getByText('LATE-10').waitFor()
  await shot(ben.page, '01-next')
  await shot(chi.page, '02-second-zh')
  await accessible(bens, 'the waiting room')
  await accessible(chis, 'the waiting room in Chinese, in the dark')

  now('the board shows the same')
  await desk.getByRole('link', { name: /^Queue/ }).click()
  await desk.getByRole('heading', { level: 1, name: 'Queue' }).waitFor()
  const rows = desk.getByRole('main').getByRole('list').first().getByRole('listitem')
  await rows.nth(1).waitFor()
  check((await rows.count()) === 2, `the board shows ${await rows.count()} who wait`)
  await desk.getByRole('link', { name: /^Queue\s*2$/ }).waitFor()
  await shot(desk, '03-board')
  await accessible(desk, 'the board')

  now('the same place on another device of theirs, and after the tab was closed')
  const again = await chi.context.newPage()
  await again.goto(shop)
  const second = await openChat(again, '打开聊天')
  await second.getByText('您排在第 2 位', { exact: true }).waitFor()
  await chi.page.close()
  await ben.page.close()
  ben.page = await ben.context.newPage()
  await ben.page.goto(shop)
  bens = await openChat(ben.page, 'Open chat')
  await bens.getByText('You are next', { exact: true }).waitFor()
  chi.page = again
  chis = second
  const before = await bar(chis)
  const expected = await estimate(chis)

  now('somebody with priority is let in, and those behind are told')
  const dora = await visit('dora', {}, urgent)
  const doras = await openChat(dora.page, 'Open chat')
  await write(dora.page, doras, 'My kiln is on fire!')
  await doras.getByText('You are next', { exact: true }).waitFor()
  await bens.getByText('Number 2 in line', { exact: true }).waitFor()
  await bens.getByText('Somebody with priority was let in before you').waitFor()
  await chis.getByText('您排在第 3 位', { exact: true }).waitFor()
  // In sight for a second is seen.
  await doras.getByText('Ten off, for your patience').waitFor()
  await dora.page.waitForTimeout(1200)
  await shot(ben.page, '04-priority')
  await accessible(bens, 'the word of a priority')

  now('a conversation ends, and everybody moves up')
  await desk.getByRole('link', { name: /^Mine/ }).click()
  const resolve = async (text) => {
    await desk.getByRole('list', { name: 'Mine' }).getByRole('link').filter({ hasText: text }).click()
    await desk.getByRole('log').getByText(text).waitFor()
    await desk.keyboard.press('Escape')
    await desk.locator('body').press('e')
  }
  await resolve('Is the blue one back?')
  await doras.getByText('Mei Chen is here for you').waitFor()
  await chis.getByText('您排在第 2 位', { exact: true }).waitFor()
  await resolve('My kiln is on fire!')
  await bens.getByText('Mei Chen is here for you').waitFor()
  await bens.getByText('You are connected with Mei Chen.').waitFor({ state: 'attached' })
  await bens.getByRole('progressbar').waitFor({ state: 'detached' })
  await chis.getByText('下一位就是您', { exact: true }).waitFor()
  const after = await bar(chis)
  check(after > before, `the bar went from ${before} to ${after}`)
  const left = await estimate(chis)
  check(left < expected, `the estimate went from ${expected} to ${left} minutes`)
  // Told politely, in a region of its own.
  await chis.getByRole('status').filter({ hasText: '下一位就是您' }).waitFor({ state: 'attached' })
  await shot(chi.page, '05-moved-up-zh')

  now('what there is to look at is counted')
  await chis.getByRole('button', { name: '复制优惠码' }).click()
  await chis.getByRole('button', { name: '已复制' }).waitFor()
  await portal.goto(`${BASE}/portal/waiting-content`)
  // The three who waited saw it, however often and on however many devices; one took it.
  await portal.getByText(/Coupon · seen 3 times · followed by 33\s?%/).waitFor()

  now('who would rather not wait need not')
  await chis.getByRole('button', { name: '请求回电' }).click()
  await chis.getByLabel('电话号码').fill('+86 571 8888 0000')
  await accessible(chis, 'the form instead of a wait')
  await chis.getByRole('button', { name: '提交' }).click()
  await chis.getByText('您不必等候了', { exact: true }).waitFor()
  await shot(chi.page, '06-called-back-zh')
  await desk.getByRole('link', { name: /^Queue/ }).click()
  await desk.getByRole('main').getByText('Left a message').first().waitFor()
  await shot(desk, '07-board-patient')
  await accessible(desk, 'the board with a message')

  now('taken from the board, by the keyboard')
  await desk.getByRole('button', { name: /^Give to somebody: / }).focus()
  await desk.keyboard.press('Enter')
  await desk.getByRole('menuitem', { name: /Mei Chen/ }).waitFor()
  await desk.keyboard.press('ArrowDown')
  // The browser notes a refusal as an error.
  troubleAt(BASE)
  await desk.keyboard.press('Enter')
  // She takes one at a time, and has one.
  const more = desk.getByRole('dialog', { name: 'More than they take?' })
  await more.waitFor()
  await accessible(desk, 'the question about one more')
  await more.getByRole('button', { name: 'Take it all the same' }).focus()
  await desk.keyboard.press('Enter')
  await chis.getByText('Mei Chen 正在为您服务').waitFor()
  troubleAt(null)
  await desk.getByText('Nobody is waiting').first().waitFor()
  // The question, which is still going, has it until then.
  await desk.waitForFunction(() => document.activeElement?.localName !== 'body')
  const isOnBoard = await desk.evaluate(() => document.activeElement?.closest('[aria-label=Queue]') !== null)
  check(isOnBoard, 'the keyboard lost its place on the board')
  await shot(desk, '08-board-empty')

  now('what was said of the waits is on record')
  await portal.goto(`${BASE}/portal/estimates`)
  await portal.getByRole('heading', { level: 1, name: 'Wait estimates' }).waitFor()
  await loaded(portal)
  await shot(portal, '09-estimates')
  await accessible(portal, 'the estimates')
})
