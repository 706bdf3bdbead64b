// A plan is tried, bought on Stripe's page, used, changed with the price in sight, not paid for, paid, cancelled and kept; then all of
// it in Chinese, in the dark and on a phone.

import { accessible } from './axe.mjs'
import { backstage, later, open, until, visit } from './money.mjs'
import { BASE, check, company, loaded, now, shot, story } from './stage.mjs'

await story(async (browser) => {
  now('signing up, and looking at the plans')
  const { context, portal } = await company(browser, { name: 'Night Kiln', owner: 'Noor Haddad' })
  // Stripe's page has none of its own.
  await context.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }))
  await open(portal, 'Plan')
  const yours = portal.getByRole('region', { name: 'Your plan' })
  const card = (plan) =>
    portal
      .getByRole('region', { name: 'Plans' })
      .getByRole('listitem')
      .filter({ has: portal.getByRole('heading', { name: plan, exact: true }) })
      .first()
  await yours.getByText('1 of 5 taken').waitFor()
  await card('Pro').getByText('20,000 conversations a month, then $0.02 each').waitFor()
  await shot(portal, '01-free')
  await accessible(portal, '01-free')
  await portal.getByRole('radiogroup', { name: 'How often you pay' }).getByText('Yearly').click()
  await card('Pro').getByText('$190 paid once a year').waitFor()
  await portal.getByLabel('Currency').selectOption('cny')
  await card('Pro').getByText('CN¥107.50').waitFor()
  await portal.getByLabel('Currency').selectOption('usd')
  await portal.getByRole('radiogroup', { name: 'How often you pay' }).getByText('Monthly').click()

  now('trying')
  await card('Pro').getByRole('button', { name: 'Try for 14 days, free' }).click()
  await portal.getByRole('heading', { name: /You are trying Pro until/ }).waitFor()
  await yours.getByText('1 of 50 taken').waitFor()
  await shot(portal, '02-trial')
  await accessible(portal, '02-trial')

  now('the trial nears its end, and every page says so')
  await later(context, portal, 12)
  await until(portal, 'usage', 'Usage', portal.getByText(/Your trial ends on/))
  await shot(portal, '03-trial-ends')
  await portal.getByRole('link', { name: 'See the plan' }).click()
  await portal.getByRole('heading', { name: /Your trial of Pro ends on/ }).waitFor()

  now('buying, by keyboard')
  await card('Pro').getByRole('button', { name: 'Buy Pro' }).focus()
  await portal.keyboard.press('Enter')
  const buying = portal.getByRole('dialog', { name: 'Buy Pro' })
  await buying.getByRole('button', { name: 'One seat more' }).focus()
  await portal.keyboard.press('Enter')
  await portal.keyboard.press('Enter')
  await buying.getByText('$57.00').waitFor()
  await shot(portal, '04-buying')
  await accessible(portal, '04-buying')
  await buying.getByRole('button', { name: 'Go on to payment' }).click()
  await portal.getByLabel('E-mail').fill('noor@kiln.test')
  await portal.getByLabel('Card number').fill('4242 4242 4242 4242')
  await portal.getByLabel('Name on card').fill('Noor Haddad')
  await shot(portal, '05-stripe')
  await portal.getByRole('button', { name: /Subscribe|Start trial/ }).click()
  await portal.getByText('Thank you! Pro is yours.').waitFor()
  await yours.getByText('1 of 3 taken').waitFor()
  await yours.getByText('$57.00 a month').waitFor()
  await loaded(portal)
  await shot(portal, '06-bought')
  await accessible(portal, '06-bought')
  await portal.getByRole('status').getByRole('button', { name: 'Close' }).click()
  check(portal.url() === `${BASE}/portal/billing`, `the way back is still in the address: ${portal.url()}`)

  now('a fortnight of work')
  let conversations = 0
  for (let day = 2; day <= 15; day += 1) {
    const busy = 1_100 + 290 * ((day * 5) % 7)
    conversations += busy
    await backstage('used', { meter: 'conversations', quantity: busy, days: day })
    await backstage('used', { meter: 'messages', quantity: busy * 9, days: day })
    await backstage('used', { meter: 'ai_resolutions', quantity: day % 3, days: day })
  }
  await later(context, portal, 16)
  for (let counted = 0; counted !== conversations;) {
    check(counted < conversations, `Stripe has counted ${counted} of ${conversations} conversations`)
    counted = (await backstage('told', {})).conversations
  }
  await visit(portal, 'usage', 'Usage')
  const meter = (name) => portal.getByRole('region', { name, exact: true })
  await meter('Conversations')
    .getByText(/of 20,000 included/)
    .waitFor()
  await meter('Conversations')
    .getByText(/On course for .* about \$.* beyond what is included/)
    .waitFor()
  check((await meter('Conversations').getByRole('row').count()) >= 28, 'the table behind the chart is short')
  await shot(portal, '07-usage')
  await accessible(portal, '07-usage')
  await portal.getByText('Day by day', { exact: true }).click()
  await portal.getByRole('table', { name: 'Messages a day' }).waitFor()
  await shot(portal, '08-usage-daily')

  now('usage shall stop, and letters shall come')
  await portal.getByRole('switch', { name: 'Stop at what is included' }).check()
  await portal.getByText('Usage stops at what is included.').waitFor()
  await meter('Conversations')
    .getByText(/of 20,000$/)
    .waitFor()
  await portal.getByRole('switch', { name: 'Stop at what is included' }).uncheck()
  await portal.getByText('Usage goes on beyond what is included.').waitFor()
  await portal.getByRole('checkbox', { name: 'Letters about a budget' }).check()
  await portal.getByRole('textbox', { name: 'Budget for a period' }).fill('250.50')
  await portal.getByRole('button', { name: 'Save' }).click()
  await portal.getByText('Saved.').first().waitFor()
  await portal.reload()
  await loaded(portal)
  const kept = await portal.getByRole('textbox', { name: 'Budget for a period' }).inputValue()
  check(kept === '$ 250.50' || kept === '$ 250.5', `the budget was kept as ${kept}`)
  await portal.getByRole('button', { name: 'Save' }).scrollIntoViewIfNeeded()
  await shot(portal, '09-spending')

  now('seats, with what they cost before they are changed')
  await open(portal, 'Plan')
  await yours.getByRole('button', { name: 'Change seats' }).click()
  const changing = portal.getByRole('dialog', { name: 'Change Pro' })
  await changing.getByText('Nothing is changed yet.').waitFor()
  await changing.getByRole('textbox', { name: 'Seats' }).fill('5')
  const pay = changing.getByRole('button', { name: /Change and pay \$\d/ })
  await pay.waitFor()
  await changing.getByRole('rowheader', { name: /Rest of the period: Pro, 5 seats/ }).waitFor()
  await shot(portal, '10-preview')
  await accessible(portal, '10-preview')
  await pay.click()
  await changing.waitFor({ state: 'detached' })
  await yours.getByText('1 of 5 taken').waitFor()

  now('the next invoice, and those before')
  await open(portal, 'Invoices')
  const next = portal.getByRole('table', { name: 'Next invoice' })
  await next.getByRole('rowheader', { name: /Pro, 5 seats.*5 × \$19\.00/ }).waitFor()
  await next.getByRole('rowheader', { name: /Conversations.*used, 20,000 included.*× \$0\.02 = \$/ }).waitFor()
  const foreseen = await next
    .getByRole('row', { name: /^So far/ })
    .getByRole('cell')
    .innerText()
  check(foreseen === '$246.60', `five seats, and 7,580 conversations beyond what is included, are ${foreseen}`)
  await shot(portal, '11-invoices')
  await accessible(portal, '11-invoices')
  const pdf = await portal
    .getByRole('link', { name: /as PDF/ })
    .first()
    .getAttribute('href')
  const document = await fetch(pdf)
  check(document.headers.get('content-type') === 'application/pdf', `the invoice is no document: ${pdf}`)
  await portal.getByRole('table', { name: 'Invoices so far' }).getByRole('rowheader').getByRole('link').first().click()
  await portal.getByRole('heading', { level: 1, name: /^Invoice / }).waitFor()
  await loaded(portal)
  await shot(portal, '12-invoice')
  await accessible(portal, '12-invoice')

  now('a payment fails')
  await backstage('card', { pays: false })
  await later(context, portal, 20)
  await until(portal, 'team', 'Colleagues', portal.getByText(/A payment has failed\. Everything works until/))
  await shot(portal, '13-failed-banner')
  await portal.getByRole('link', { name: 'See the plan' }).click()
  await portal.getByRole('heading', { name: 'A payment has failed' }).waitFor()
  await loaded(portal)
  await shot(portal, '14-failed')
  await accessible(portal, '14-failed')

  now('the invoice is what was foreseen')
  await open(portal, 'Invoices')
  const owed = portal.getByRole('table', { name: 'Invoices so far' }).getByRole('row').filter({ hasText: 'To be paid' })
  await owed.getByRole('cell', { name: foreseen, exact: true }).waitFor()
  await owed.getByRole('rowheader').getByRole('link').click()
  // Stripe names each step of a price in a line of its own.
  await portal.getByRole('row', { name: /Conversations\s*7,580 used.*\$151\.60/ }).waitFor()
  await loaded(portal)
  await shot(portal, '14-owed')
  await accessible(portal, '14-owed')

  now('nobody pays for a week')
  await later(context, portal, 8)
  await until(portal, 'billing', 'Plan', portal.getByRole('heading', { name: 'Payments are overdue' }))
  await shot(portal, '15-restricted')
  await accessible(portal, '15-restricted')

  now('paid on Stripe’s page, and recovered')
  await portal.getByRole('link', { name: 'Pay now' }).click()
  await portal.getByLabel('Card number').fill('4242 4242 4242 4242')
  await portal.getByRole('button', { name: 'Pay' }).click()
  await portal.getByRole('button', { name: 'Pay' }).waitFor({ state: 'detached' })
  await until(portal, 'billing', 'Plan', yours.getByText('Active', { exact: true }))
  check(
    (await portal.getByRole('heading', { name: 'Payments are overdue' }).count()) === 0,
    'it is still said to be overdue',
  )
  await shot(portal, '16-recovered')

  now('cancelled, and thought better of')
  await yours.getByRole('button', { name: 'Cancel the subscription' }).click()
  const leaving = portal.getByRole('dialog', { name: 'Cancel Pro?' })
  await leaving.waitFor()
  await shot(portal, '17-leaving')
  await leaving.getByRole('button', { name: 'Cancel the subscription' }).click()
  await portal.getByRole('heading', { name: /Your subscription ends on/ }).waitFor()
  await shot(portal, '18-ends')
  await accessible(portal, '18-ends')
  await portal.getByRole('button', { name: 'Keep the subscription' }).click()
  await portal.getByRole('heading', { name: /Your subscription ends on/ }).waitFor({ state: 'detached' })

  now('all of it in Chinese, in the dark')
  const pages = [
    ['套餐', 'billing'],
    ['用量', 'usage'],
    ['账单', 'invoices'],
  ]
  await portal.evaluate(() => {
    localStorage.setItem('frontdesk.locale', 'zh-CN')
    localStorage.setItem('frontdesk.color-scheme', 'dark')
  })
  for (const [name, path] of pages) {
    await visit(portal, path, name)
    await shot(portal, `19-zh-${path}`)
    await accessible(portal, `19-zh-${path}`)
  }
  await visit(portal, 'billing', '套餐')
  await portal.getByRole('button', { name: '调整席位' }).click()
  await portal.getByRole('button', { name: '减少一个席位' }).click()
  await portal.getByRole('dialog').getByText(/结余/).waitFor()
  await shot(portal, '20-zh-preview')
  await accessible(portal, '20-zh-preview')

  now('all of it on a phone')
  await portal.setViewportSize({ width: 390, height: 780 })
  await shot(portal, '21-phone-preview')
  for (const [name, path] of pages) {
    await visit(portal, path, name)
    const wide = await portal.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    check(wide <= 0, `${path} is wider than the phone, by ${wide}px`)
    await shot(portal, `21-phone-${path}`)
    await accessible(portal, `21-phone-${path}`)
  }
  await context.close()
})
