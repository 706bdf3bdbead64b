// How people prove who they are, in a real browser: an authenticator app, a passkey of a virtual device, a company that asks everybody
// for a second factor, and a company's own sign-in page. In both languages, in the dark, and on a phone.

import { createHmac } from 'node:crypto'
import { accessible } from './axe.mjs'
import { BASE, check, company, letter, loaded, now, person, shot, story } from './stage.mjs'

const PROVIDER = process.env['FRONTDESK_PROVIDER']

/** The code an authenticator app shows for a secret. */
function codeOf(secret, at = Date.now()) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  let bits = ''
  for (const letter of secret.replaceAll(' ', '')) bits += alphabet.indexOf(letter).toString(2).padStart(5, '0')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = mac[19] & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** The next code that was not used yet. */
async function freshCode(page, secret, used) {
  for (;;) {
    const code = codeOf(secret)
    if (code !== used) return code
    await page.waitForTimeout(500)
  }
}

/** A device that holds passkeys and has verified its owner. */
async function withPasskeys(page) {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

const linkIn = (mail) => mail.text.match(/https?:\/\/\S+token=\S+/)[0]

await story(async (browser) => {
  now('a company signs up')
  const { context, portal } = await company(browser, { name: 'Blue Teapot', owner: 'Olive Green' })
  const email = (await portal.evaluate(() => fetch('/v1/auth/refresh', { method: 'POST', headers: { 'x-frontdesk': '1' } }).then((r) => r.json()))).me.user.email
  await portal.goto(`${BASE}/portal/security`)
  await portal.getByRole('heading', { name: 'Sign-in and security' }).waitFor()
  await portal.getByText('This browser').waitFor()
  await loaded(portal)
  await shot(portal, 'security-empty')
  await accessible(portal, 'the page about security')

  now('an authenticator app is set up')
  await portal.getByRole('button', { name: 'Set up an authenticator app' }).click()
  await portal.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor()
  const secret = (await portal.locator('code').filter({ hasText: /^[A-Z2-7 ]{30,}$/ }).innerText()).trim()
  await accessible(portal, 'setting up an authenticator app')
  await shot(portal, 'totp-setup')
  const first = codeOf(secret)
  await portal.getByLabel('Six digits from the app').fill(first)
  await portal.getByRole('button', { name: 'Turn on' }).click()
  const codes = portal.getByRole('list', { name: 'Recovery codes' })
  await codes.waitFor()
  check((await codes.getByRole('listitem').count()) === 10, 'there are ten recovery codes')
  const kept = await codes.getByRole('listitem').first().innerText()
  await shot(portal, 'recovery-codes')
  await accessible(portal, 'recovery codes')
  await portal.getByRole('button', { name: 'I have kept them' }).click()
  await portal.getByText('10 left').waitFor()

  now('it is asked for at the next sign-in, on a phone and in Chinese')
  const phone = await person(browser, 'owner-phone', { viewport: { width: 390, height: 780 }, locale: 'zh-CN', colorScheme: 'dark' })
  const mobile = await phone.newPage()
  await mobile.goto(`${BASE}/login?next=%2Fportal%2Fsecurity`)
  await mobile.getByRole('button', { name: '使用通行密钥登录' }).waitFor()
  await shot(mobile, 'login-zh')
  await mobile.getByLabel('邮箱').fill(email)
  await mobile.getByLabel('密码', { exact: true }).fill('celadon cups at nine')
  await mobile.getByRole('button', { name: '登录', exact: true }).click()
  await mobile.getByLabel('六位数字').waitFor()
  await shot(mobile, 'second-factor-zh')
  await accessible(mobile, 'the second factor')
  await mobile.getByLabel('六位数字').fill(await freshCode(mobile, secret, first))
  await mobile.getByRole('button', { name: '登录', exact: true }).click()
  await mobile.getByRole('heading', { name: '登录与安全' }).waitFor()
  await mobile.getByText('当前浏览器').waitFor()
  await shot(mobile, 'security-zh')
  await accessible(mobile, 'the page about security in Chinese, in the dark')
  await phone.close()

  now('a passkey is added, and lets in alone')
  await withPasskeys(portal)
  await portal.reload()
  await portal.getByRole('button', { name: 'Add a passkey' }).click()
  await portal.getByLabel('Name', { exact: true }).fill('My laptop')
  await portal.getByRole('button', { name: 'Continue' }).click()
  await portal.getByText('My laptop').waitFor()
  await shot(portal, 'passkeys')
  await portal.goto(`${BASE}/portal/account`)
  await portal.getByRole('button', { name: 'Sign out', exact: true }).last().click()
  await portal.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await portal.waitForURL(/\/(portal|console)/)
  await portal.goto(`${BASE}/portal/security`)
  await portal.getByText('by passkey').waitFor()
  await shot(portal, 'signed-in-by-passkey')

  now('the company asks everybody for a second factor')
  const invited = `bo-${Date.now()}@mail.test`
  await portal.goto(`${BASE}/portal/sign-in`)
  await portal.getByLabel('Everybody needs a second factor').waitFor()
  await shot(portal, 'sign-in')
  await accessible(portal, 'the page about how everybody signs in')
  await portal.getByRole('switch', { name: 'Everybody needs a second factor' }).click()
  await portal.getByRole('button', { name: 'Ask everybody' }).click()
  await portal.getByRole('dialog').waitFor({ state: 'hidden' })
  check(await portal.getByLabel('Everybody needs a second factor').isChecked(), 'it is asked of everybody')
  const token = await portal.evaluate(async (to) => {
    const session = await (await fetch('/v1/auth/refresh', { method: 'POST', headers: { 'x-frontdesk': '1' } })).json()
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${session.access_token}` }
    await fetch('/v1/invitations', { method: 'POST', headers, body: JSON.stringify({ email: to, role: 'agent' }) })
  }, invited)
  check(token === undefined, 'the invitation is on its way')
  const newcomer = await person(browser, 'newcomer')
  const desk = await newcomer.newPage()
  await withPasskeys(desk)
  await desk.goto(linkIn(await letter(invited, 'invites you')))
  await desk.getByLabel('Your name').fill('Bo Brown')
  await desk.getByLabel('Password', { exact: true }).fill('jade cups at ten')
  await desk.getByRole('button', { name: 'Join Blue Teapot' }).click()
  await desk.getByRole('heading', { name: 'Set up a second factor' }).waitFor()
  await shot(desk, 'enrol')
  await accessible(desk, 'setting up what a company asks for')
  await desk.goto(`${BASE}/console`)
  await desk.getByRole('heading', { name: 'Set up a second factor' }).waitFor()
  await desk.getByRole('button', { name: /A passkey/ }).click()
  await desk.getByRole('list', { name: 'Recovery codes' }).waitFor()
  await desk.getByRole('button', { name: 'I have kept them' }).click()
  await desk.waitForURL(/\/console/)

  now('the company connects its own sign-in service')
  const domain = `tea-${Date.now()}.test`
  await portal.goto(`${BASE}/portal/sign-in`)
  await portal.getByRole('button', { name: 'Prove a domain' }).click()
  await portal.getByLabel('Domain', { exact: true }).fill(domain)
  await portal.getByRole('button', { name: 'Send the link' }).click()
  await portal.getByText('Waiting').waitFor()
  const postmaster = await person(browser, 'postmaster')
  const mailbox = await postmaster.newPage()
  await mailbox.goto(linkIn(await letter(`postmaster@${domain}`, domain)))
  await mailbox.getByRole('button', { name: 'Confirm' }).click()
  await mailbox.getByRole('heading', { name: `${domain} is confirmed` }).waitFor()
  await shot(mailbox, 'domain-confirmed')
  await portal.reload()
  await portal.getByText('Proven', { exact: true }).waitFor()
  await portal.getByLabel('Issuer').fill(PROVIDER)
  await portal.getByLabel('Client ID').fill('frontdesk')
  await portal.getByLabel('Client secret').fill('a secret between the two')
  await portal.getByRole('button', { name: 'Check and save' }).click()
  await portal.getByText('The service answers, and is saved.').waitFor()
  await shot(portal, 'sign-in-service')

  now('somebody comes in by it for the first time')
  const colleague = await person(browser, 'colleague')
  const arriving = await colleague.newPage()
  await arriving.goto(`${BASE}/login?next=%2Fportal%2Fsecurity`)
  await arriving.getByRole('link', { name: 'Sign in with your company' }).click()
  await arriving.getByLabel('Work e-mail').fill(`sam@${domain}`)
  await shot(arriving, 'company')
  await accessible(arriving, 'signing in by the company')
  await arriving.getByRole('button', { name: 'Continue' }).click()
  await arriving.getByRole('heading', { name: 'Blue Teapot' }).waitFor()
  await arriving.getByLabel('Name').fill('Sam Tee')
  await arriving.getByRole('button', { name: 'Let me in' }).click()
  await arriving.getByRole('heading', { name: 'Sign-in and security' }).waitFor()
  await arriving.getByText(/· by your company/).waitFor()
  check(!arriving.url().includes('code='), 'the code is gone from the address')
  await shot(arriving, 'signed-in-by-company')
  await colleague.close()

  now('a colleague who has lost their passkey is helped by an admin')
  await portal.goto(`${BASE}/portal/team`)
  const actions = portal.getByRole('button', { name: 'Actions for Bo Brown' })
  await actions.click()
  await shot(portal, 'colleague-menu')
  await accessible(portal, 'what may be done to a colleague')
  await portal.getByRole('menuitem', { name: 'Where they are signed in' }).click()
  const devices = portal.getByRole('dialog', { name: 'Where Bo Brown is signed in' })
  await devices.getByText('by passkey').waitFor()
  await loaded(portal)
  await shot(portal, 'colleague-devices')
  await accessible(portal, 'where a colleague is signed in')
  await devices.getByRole('button', { name: 'Close' }).last().click()
  await devices.waitFor({ state: 'hidden' })
  await actions.click()
  await portal.getByRole('menuitem', { name: 'Take off second factor' }).click()
  const taking = portal.getByRole('dialog', { name: 'Take the second factor off Bo Brown?' })
  await taking.waitFor()
  await shot(portal, 'colleague-factor')
  await accessible(portal, 'taking the second factor off a colleague')
  // A page that is open would note in its console that it is not let in any more.
  await newcomer.close()
  await taking.getByRole('button', { name: 'Take it off' }).click()
  await portal.getByText('Bo Brown signs in with their password now.').waitFor()
  check((await letter(invited, 'taken off')).text.includes('Blue Teapot'), 'the letter says by which company')
  const helped = await person(browser, 'helped', { viewport: { width: 390, height: 780 } })
  const again = await helped.newPage()
  await again.goto(`${BASE}/login`)
  await again.getByLabel('Work e-mail').fill(invited)
  await again.getByLabel('Password', { exact: true }).fill('jade cups at ten')
  await again.getByRole('button', { name: 'Sign in', exact: true }).click()
  await again.getByRole('heading', { name: 'Set up a second factor' }).waitFor()
  await helped.close()

  now('every other browser is signed out from here')
  const another = await person(browser, 'owner-elsewhere')
  const elsewhere = await another.newPage()
  await elsewhere.goto(`${BASE}/login`)
  await elsewhere.getByLabel('Work e-mail').fill(email)
  await elsewhere.getByLabel('Password', { exact: true }).fill('celadon cups at nine')
  await elsewhere.getByRole('button', { name: 'Sign in', exact: true }).click()
  await elsewhere.getByRole('button', { name: 'Use a recovery code' }).click()
  await elsewhere.getByLabel('Recovery code', { exact: true }).fill(kept)
  await elsewhere.getByRole('button', { name: 'Sign in', exact: true }).click()
  await elsewhere.waitForURL(/\/console/)
  await another.close()
  await portal.goto(`${BASE}/portal/security`)
  await portal.getByText('by recovery code').waitFor()
  await shot(portal, 'sessions')
  await portal.getByRole('button', { name: 'Sign out everywhere else' }).click()
  await portal.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere else' }).click()
  await portal.getByText('by recovery code').waitFor({ state: 'detached' })
  await context.close()
})
