// Who a visitor is, by hand: a key is made in the portal, the shop's own server signs, the chat knows the person on two devices;
// a token is looked at; somebody is blocked, told so, and let in again.

import { createHmac, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { accessible } from './axe.mjs'
import { BASE as base, allow, check, company, loaded, now, openChat, person, shopPage, shot, story } from './stage.mjs'

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

function sign({ inbox, kid, secret }, claims) {
  const iat = Math.floor(Date.now() / 1000)
  const whole = { iss: inbox, iat, exp: iat + 600, jti: randomUUID(), ...claims }
  const body = `${part({ alg: 'HS256', typ: 'JWT', kid })}.${part(whole)}`
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`
}

/** The shop, with a door that says who is signed in. */
async function shop(name, tag, token) {
  const server = createServer((request, response) => {
    if (request.url === '/favicon.ico') return response.writeHead(204).end()
    if (request.url === '/chat-token') return response.writeHead(200, { 'content-type': 'text/plain' }).end(token())
    const call = `<script>
      window.frontdesk = window.frontdesk || function () { (frontdesk.q = frontdesk.q || []).push(arguments) }
      frontdesk('on', 'identity', (detail) => (window.identity = detail))
      frontdesk('on', 'error', (detail) => (window.trouble = detail))
      if (location.hash !== '#nobody') frontdesk('identify', async () => (await fetch('/chat-token')).text())
    </script>`
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(shopPage(name, call + tag))
  })
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
  server.unref()
  return `http://127.0.0.1:${server.address().port}/`
}

await story(async (browser) => {
  const { context, portal, tag } = await company(browser, { name: 'Blue Teapot', owner: 'Mei Chen' })

  // Who has become somebody else, or whose visit has ended, finds out by asking with the token of before.
  allow(/status of 401 .*\/v1\/widget\//)
  // And a page that has not said who is here yet asks as nobody.
  allow(/status of 403 .*\/v1\/widget\/session\)$/)
  now('a key is made')
  await portal.getByRole('link', { name: 'Inboxes', exact: true }).click()
  await portal.getByRole('link', { name: /Blue Teapot/ }).first().click()
  const inbox = portal.url().split('/').at(-1)
  await portal.getByText('No keys yet').scrollIntoViewIfNeeded()
  await loaded(portal)
  await shot(portal, '01-no-key')
  await portal.getByRole('button', { name: 'New key' }).click()
  const dialog = portal.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'What is it for?' }).fill('Shop server')
  await shot(portal, '02-new-key')
  await dialog.getByRole('button', { name: 'New key' }).click()
  const secret = await dialog.locator('code').filter({ hasText: 'fdi_' }).textContent()
  await shot(portal, '03-secret')
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  const kid = (await portal.locator('code').filter({ hasText: 'ikey_' }).first().textContent()).trim()
  const signer = { inbox, kid, secret: secret.trim() }
  await portal.getByRole('radio', { name: 'Everybody' }).click()
  await portal.getByText('Recognises people').waitFor()
  await portal.getByText('On your server').scrollIntoViewIfNeeded()
  await shot(portal, '04-key-and-snippet')

  now('what is wrong with a token')
  const field = portal.getByRole('textbox', { name: 'Token' })
  await field.fill(sign({ ...signer, secret: 'guessed' }, { sub: '7' }))
  await portal.getByRole('button', { name: 'Check', exact: true }).click()
  await portal.getByText('It was signed with another key').first().waitFor()
  await shot(portal, '05-refused')
  await field.fill(sign(signer, { sub: '7', name: 'Ana Wu' }))
  await portal.getByRole('button', { name: 'Check', exact: true }).click()
  await portal.getByText('This token is good').waitFor()
  await shot(portal, '06-accepted')
  await accessible(portal, 'the inbox with its keys')

  now('she writes before she signs in, and is known afterwards')
  const who = () => sign(signer, { sub: '7', name: 'Ana Wu', email: 'ana@wu.test', attributes: { plan: 'gold' } })
  const address = await shop('Blue Teapot', tag, who)
  const visitor = await person(browser, 'visitor', { viewport: { width: 1180, height: 800 } })
  const page = await visitor.newPage()
  await page.goto(`${address}#nobody`)
  await page.reload()
  let chat = await openChat(page, 'Open chat')
  await chat.getByRole('textbox', { name: 'Your message' }).fill('Is the blue one dishwasher safe?')
  await page.keyboard.press('Enter')
  await chat.getByText('Sent').first().waitFor()
  await page.evaluate(() => frontdesk('identify', async () => (await fetch('/chat-token')).text()))
  await page.waitForFunction(() => window.identity?.verified === true)
  await chat.getByText('Is the blue one dishwasher safe?').waitFor()
  check((await page.evaluate(() => window.trouble)) === undefined, 'nothing went wrong')
  const desk = await context.newPage()
  await desk.goto(`${base}/console`)
  await desk.getByRole('link').filter({ hasText: 'Is the blue one dishwasher safe?' }).click()
  await desk.getByLabel('Identity verified by your website').waitFor()
  await desk.getByText('ana@wu.test').first().waitFor()
  await shot(desk, '07-console-verified')

  now('the same person on another device')
  const phone = await person(browser, 'phone', { viewport: { width: 390, height: 800 }, locale: 'zh-CN', colorScheme: 'dark' })
  const other = await phone.newPage()
  await other.goto(address)
  const onPhone = await openChat(other, '打开聊天')
  await onPhone.getByText('Is the blue one dishwasher safe?').waitFor()
  await onPhone.getByRole('textbox').fill('And the lid?')
  await other.keyboard.press('Enter')
  await chat.getByText('And the lid?').waitFor()
  await shot(other, '08-phone')

  now('she is blocked, and told so')
  await desk.bringToFront()
  await desk.getByRole('button', { name: 'More for this contact' }).click()
  await shot(desk, '09-menu')
  await desk.getByRole('menuitem', { name: 'Block' }).click()
  await desk.getByRole('dialog').getByRole('button', { name: 'Block' }).click()
  await desk.getByText('Blocked: this contact cannot write.').waitFor()
  await shot(desk, '10-console-blocked')
  await page.bringToFront()
  await chat.getByText('This chat is closed for you').waitFor()
  await chat.getByText('Is the blue one dishwasher safe?').waitFor()
  await shot(page, '11-chat-blocked')
  await onPhone.getByText('此聊天已对您关闭').waitFor()
  await shot(other, '12-phone-blocked')

  now('and let in again')
  await desk.bringToFront()
  await desk.getByRole('button', { name: 'More for this contact' }).click()
  await desk.getByRole('menuitem', { name: 'Let them write again' }).click()
  await page.bringToFront()
  await chat.getByRole('textbox', { name: 'Your message' }).fill('Thank you')
  await page.keyboard.press('Enter')
  await chat.getByText('Thank you', { exact: true }).waitFor()

  now('signing out of the site')
  await page.evaluate(() => frontdesk('logout'))
  await chat.getByText('Is the blue one dishwasher safe?').waitFor({ state: 'detached' })
  await page.goto(`${address}#nobody`)
  await page.reload()
  chat = await openChat(page, 'Open chat')
  await chat.getByRole('textbox', { name: 'Your message' }).waitFor()
  check((await chat.getByText('Is the blue one dishwasher safe?').count()) === 0, 'the next person sees nothing')

  now('only those who are signed in')
  await portal.bringToFront()
  await portal.getByText('Only people your site vouches for').click()
  await portal.getByText('Signed-in people only').waitFor()
  await page.goto(`${address}#nobody`)
  await page.reload()
  chat = await openChat(page, 'Open chat')
  await chat.getByText('Please sign in to chat').waitFor()
  await shot(page, '13-sign-in')
  await page.goto(address)
  await page.reload()
  chat = await openChat(page, 'Open chat')
  await chat.getByText('Is the blue one dishwasher safe?').waitFor()
  await chat.getByRole('textbox', { name: 'Your message' }).waitFor()

  now('how fast the company may go')
  await portal.getByRole('link', { name: 'Usage', exact: true }).click()
  await portal.getByText('Requests of your team and programs').scrollIntoViewIfNeeded()
  await shot(portal, '14-pace')
})
