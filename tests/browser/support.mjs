// Support is let in by hand: with consent, in everybody's sight, to look only, and out again at once.

import { accessible } from './axe.mjs'
import { BASE, check, company, loaded, now, person, shot, story, supportLink } from './stage.mjs'

await story(async (browser) => {
  const { portal, context } = await company(browser, { name: 'Blue Teapot', owner: 'Mei Chen', base: BASE })

  now('nobody is let in')
  await portal.getByRole('link', { name: 'Support access', exact: true }).click()
  await portal.getByText('Support cannot come in').waitFor()
  await loaded(portal)
  await accessible(portal, 'support access')
  await shot(portal, '01-closed')

  now('the owner lets support in for eight hours')
  await portal.getByRole('button', { name: 'Let support in' }).click()
  await portal.getByText('Support may come in').waitFor()
  await shot(portal, '02-open')

  now('somebody of support comes by the link')
  const kim = await person(browser, 'support', { viewport: { width: 1180, height: 800 } })
  const page = await kim.newPage()
  await page.goto(await supportLink('blue-teapot', 'Kim', 'Why do chats go to nobody?'))
  await page.getByText('to look only, until').waitFor()
  check(!page.url().includes('support='), `the secret stays in the address: ${page.url()}`)
  check((await page.getByRole('link', { name: 'API keys' }).count()) === 0, 'support sees no keys')
  await loaded(page)
  await shot(page, '03-support-portal')
  await page.getByRole('navigation').getByRole('link', { name: 'Open the console' }).click()
  await page.getByText('You are at Blue Teapot as Frontdesk support').waitFor()
  await loaded(page)
  await shot(page, '04-support-console')

  now('everybody sees it')
  const desk = await context.newPage()
  await desk.goto(`${BASE}/console`)
  await desk.getByText('Frontdesk support (Kim) is looking at this workspace').waitFor()
  await loaded(desk)
  await accessible(desk, 'the console with support in it')
  await shot(desk, '05-console-banner')
  await portal.bringToFront()
  await portal.reload()
  await portal.getByText('Here now').waitFor()
  await portal.getByText('Why do chats go to nobody?').first().waitFor()
  await shot(portal, '06-visits')

  now('support leaves, and is let in no more')
  await page.getByRole('button', { name: 'Leave' }).click()
  await page.waitForURL(/\/login/)
  await portal.getByRole('button', { name: 'Let nobody in any more' }).click()
  await portal.getByText('Support cannot come in').waitFor()
  await portal.getByRole('link', { name: 'Audit log', exact: true }).first().click()
  await portal.getByText('began a visit of support').waitFor()
  await portal.getByText('lets support in no more').waitFor()
  await shot(portal, '07-audit')

  now('the same on a phone, in Chinese and in the dark')
  const storage = await context.storageState()
  const phone = await person(browser, 'phone', {
    storageState: storage,
    viewport: { width: 390, height: 844 },
    locale: 'zh-CN',
    colorScheme: 'dark',
  })
  const small = await phone.newPage()
  await small.addInitScript(() => localStorage.setItem('frontdesk.locale', 'zh-CN'))
  await small.goto(`${BASE}/portal/support`)
  await small.getByText('支持人员目前无法进入').waitFor()
  await loaded(small)
  await accessible(small, 'support access on a phone')
  await shot(small, '08-phone-dark')
})
