// Who may do what, and whose the company is: a role of one's own that hides what other teams have, an invitation to it, the log
// narrowed, a group with a second company, and an end with a way back; then in Chinese, in the dark and on a phone.

import { accessible } from './axe.mjs'
import { BASE, check, letter, loaded, now, person, shot, story } from './stage.mjs'

const PASSWORD = 'celadon cups at nine'
const email = `iris-${Date.now()}@mail.test`
const colleague = `nils-${Date.now()}@mail.test`

async function ask(method, path, body, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const response = await fetch(BASE + path, { method, headers, body: body && JSON.stringify(body) })
  check(response.ok, `${method} ${path} answered ${response.status}: ${await response.clone().text()}`)
  return response.status === 204 ? null : response.json()
}

async function writes(key, name, text) {
  const visitor = await ask('POST', '/v1/widget/session', { key })
  await ask('PATCH', '/v1/widget/contact', { name }, visitor.token)
  const message = { client_message_id: crypto.randomUUID(), text }
  return (await ask('POST', '/v1/widget/messages', message, visitor.token)).conversation.id
}

async function signIn(page, who) {
  await page.getByLabel('E-mail').fill(who)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

await story(async (browser) => {
  now('a company with two teams and a conversation in each')
  const session = await ask('POST', '/v1/signup', { company: 'Celadon', email, password: PASSWORD, name: 'Iris Oduya', locale: 'en' })
  const token = session.access_token
  await ask('PUT', '/v1/agents/me/availability', { availability: 'away' }, token)
  const key = (await ask('GET', '/v1/inboxes', null, token)).data[0].key
  const teams = {}
  for (const name of ['Sales', 'Repairs']) teams[name] = (await ask('POST', '/v1/teams', { name }, token)).id
  for (const [name, words, team] of [
    ['Ana Lindqvist', 'Do you ship to Norway?', 'Sales'],
    ['Bo Castellanos', 'The lid arrived broken', 'Repairs'],
  ]) {
    const chat = await writes(key, name, words)
    await ask('POST', `/v1/conversations/${chat}/transfer`, { to: { kind: 'team', team_id: teams[team] } }, token)
  }

  now('a role is made by hand')
  const owner = await person(browser, 'owner')
  const portal = await owner.newPage()
  await portal.goto(`${BASE}/login?next=/portal/roles`)
  await signIn(portal, email)
  await portal.getByRole('heading', { level: 1, name: 'Roles' }).waitFor()
  await portal.getByRole('button', { name: 'New role' }).click()
  await portal.getByRole('dialog').getByLabel('Name').fill('Night desk')
  await portal.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
  await portal.getByRole('heading', { level: 1, name: 'Night desk' }).waitFor()
  await portal.getByLabel('What it is for').fill('Answers at night, for their own team')
  await portal.getByRole('radio', { name: /Their teams/ }).click()
  await portal.getByRole('checkbox', { name: 'Change contacts' }).check()
  const wide = portal.getByRole('checkbox', { name: 'Take over and join' })
  check(await wide.isDisabled(), 'who sees little may take everything over')
  await portal.getByRole('button', { name: 'Save', exact: true }).click()
  await portal.getByText('Saved.').first().waitFor()
  await loaded(portal)
  await shot(portal, '01-role')
  await accessible(portal, '01-role')
  await portal.getByRole('navigation').getByRole('link', { name: 'Roles', exact: true }).click()
  await portal.getByRole('rowheader', { name: 'Change contacts' }).waitFor()
  await loaded(portal)
  await shot(portal, '02-matrix')
  await accessible(portal, '02-matrix')

  now('a colleague is invited to it, and comes')
  await portal.getByRole('navigation').getByRole('link', { name: 'Colleagues', exact: true }).click()
  await portal.getByRole('button', { name: 'Invite a colleague' }).first().click()
  const dialog = portal.getByRole('dialog')
  await dialog.getByLabel('E-mail').fill(colleague)
  await dialog.getByRole('radio', { name: /Night desk/ }).click()
  await shot(portal, '03-invite')
  await accessible(portal, '03-invite')
  await dialog.getByRole('button', { name: 'Send the invitation' }).click()
  await dialog.getByText(`A letter is on its way to ${colleague}.`).waitFor()
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
  const sent = await letter(colleague, 'invites you')
  const agent = await person(browser, 'agent')
  const desk = await agent.newPage()
  await desk.goto(/https?:\S+\/login\/invite\S+/.exec(sent.text)[0])
  await desk.getByText('Night desk').first().waitFor()
  await desk.getByLabel('Your name').fill('Nils Aaltonen')
  await desk.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await shot(desk, '04-accept')
  await desk.getByRole('button', { name: /Join/ }).click()
  await desk.waitForURL(/\/(console|portal)/)

  now('they see what their team has, and nothing else')
  const members = (await ask('GET', '/v1/agents', null, token)).data
  const nils = members.find((member) => member.email === colleague)
  check(nils.custom_role?.name === 'Night desk', 'the invitation gave another role')
  await ask('PUT', `/v1/teams/${teams.Sales}/members`, { agent_ids: [nils.id] }, token)
  await desk.goto(`${BASE}/console`)
  await desk.getByText('Do you ship to Norway?').first().waitFor()
  await loaded(desk)
  check((await desk.getByText('Bo Castellanos').count()) === 0, 'another team’s conversation is shown')
  await shot(desk, '05-console')

  now('it leaves their sight while they look at it')
  await desk.getByText('Do you ship to Norway?').first().click()
  await loaded(desk)
  const list = (await ask('GET', '/v1/conversations', null, token)).data
  const ana = list.find((chat) => chat.contact.name === 'Ana Lindqvist')
  await ask('POST', `/v1/conversations/${ana.id}/transfer`, { to: { kind: 'team', team_id: teams.Repairs } }, token)
  await desk.getByText('Do you ship to Norway?').first().waitFor({ state: 'detached' })
  await loaded(desk)
  await shot(desk, '06-hidden')

  now('the log, narrowed')
  await portal.getByRole('navigation').getByRole('link', { name: 'Audit log', exact: true }).click()
  await portal.getByRole('searchbox').or(portal.getByLabel('Search')).first().fill('Night')
  await portal.getByText('created the role Night desk').waitFor()
  await portal.getByText('created the team Sales').waitFor({ state: 'detached' })
  await loaded(portal)
  await shot(portal, '07-audit')
  await accessible(portal, '07-audit')

  now('a key that ends, and its new secret')
  await portal.getByRole('navigation').getByRole('link', { name: 'API keys', exact: true }).click()
  await portal.getByRole('button', { name: 'New API key' }).first().click()
  await portal.getByRole('dialog').getByLabel('What is it for?').fill('Nightly export')
  await portal.getByRole('dialog').getByRole('button', { name: 'Read only' }).click()
  await portal.getByRole('dialog').getByRole('combobox', { name: 'Ends' }).click()
  await portal.getByRole('option', { name: 'In 90 days' }).click()
  await portal.getByRole('dialog').getByRole('button', { name: 'New API key' }).click()
  await portal.getByRole('button', { name: 'I have kept it' }).click()
  await portal.getByRole('button', { name: 'New secret' }).click()
  await portal.getByRole('dialog').getByRole('button', { name: 'New secret' }).click()
  await portal.getByRole('button', { name: 'I have kept it' }).click()
  await portal.getByText(/old secret works until/).waitFor()
  await loaded(portal)
  await shot(portal, '08-keys')
  await accessible(portal, '08-keys')

  now('a group with a second company')
  await portal.getByRole('navigation').getByRole('link', { name: 'Group', exact: true }).click()
  await portal.getByRole('button', { name: 'Make a group' }).click()
  await portal.getByRole('dialog').getByLabel('Name').fill('House of Glaze')
  await portal.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
  await portal.getByRole('heading', { level: 1, name: 'House of Glaze' }).waitFor()
  await portal.getByRole('button', { name: 'New company' }).click()
  await portal.getByRole('dialog').getByLabel('Name').fill('Blue Cup')
  await portal.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
  await portal.getByRole('rowheader', { name: /Blue Cup/ }).waitFor()
  await portal.getByRole('row', { name: /Blue Cup/ }).getByText('0 / 1').waitFor()
  await loaded(portal)
  await shot(portal, '09-group')
  await accessible(portal, '09-group')

  now('the same in Chinese, in the dark, on a phone')
  const phone = await person(browser, 'phone', {
    viewport: { width: 390, height: 844 },
    locale: 'zh-CN',
    colorScheme: 'dark',
  })
  const small = await phone.newPage()
  await small.goto(`${BASE}/login?next=/portal/roles`)
  await small.getByLabel('邮箱').fill(email)
  await small.getByLabel('密码', { exact: true }).fill(PASSWORD)
  await small.getByRole('button', { name: '登录', exact: true }).click()
  await small.getByRole('button', { name: /Celadon/ }).click()
  await small.getByRole('heading', { level: 1, name: '角色' }).waitFor()
  for (const [path, name] of [
    ['roles', '10-roles-zh'],
    ['group', '11-group-zh'],
    ['account', '12-account-zh'],
    ['audit-log', '13-audit-zh'],
  ]) {
    await small.goto(`${BASE}/portal/${path}`)
    await small.getByRole('heading', { level: 1 }).waitFor()
    await loaded(small)
    const width = await small.evaluate(() => document.documentElement.scrollWidth)
    check(width <= 390, `${path} is ${width} wide on a phone of 390`)
    await shot(small, name)
    await accessible(small, name)
  }
  await phone.close()
  await agent.close()

  now('the company is closed')
  await portal.getByRole('navigation').getByRole('link', { name: 'Account', exact: true }).click()
  await portal.getByRole('button', { name: 'Close the company' }).click()
  const closing = portal.getByRole('dialog')
  check(await closing.getByRole('button', { name: 'Close the company' }).isDisabled(), 'it is closed by one click')
  await closing.getByRole('textbox').first().fill('celadon')
  await shot(portal, '14-close')
  await accessible(portal, '14-close')
  await closing.getByRole('button', { name: 'Close the company' }).click()
  await portal.getByText(/Until .* you can restore it/).waitFor()
  await shot(portal, '15-closed')
  await letter(email, 'is closed')
  await portal.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
  await portal.waitForURL(/\/login/)

  now('and restored on signing in')
  const again = await person(browser, 'owner-again')
  const door = await again.newPage()
  await door.goto(`${BASE}/login?next=/portal/account`)
  await ask('GET', '/v1/signup')
  await signIn(door, email)
  await door.waitForURL(/\/portal/)
  await door.getByRole('heading', { level: 1, name: 'Account' }).waitFor()
  await door.getByRole('button', { name: 'Restore Celadon' }).click()
  await door.getByRole('dialog').getByLabel('Your password').fill(PASSWORD)
  await shot(door, '16-restore')
  await accessible(door, '16-restore')
  await door.getByRole('dialog').getByRole('button', { name: 'Restore', exact: true }).click()
  await door.getByRole('button', { name: 'Switch to Celadon' }).waitFor()
  check((await ask('GET', '/v1/conversations', null, token)).data.length === 2, 'conversations were lost')
})
