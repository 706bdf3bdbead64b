// Routing is set up by hand: a team, a skill, hours past midnight, a policy with a ladder, a rule that is tried out, and
// something to look at in the waiting room; then all of it in Chinese, in the dark and on a phone.

import { accessible } from './axe.mjs'
import { BASE, check, company, loaded, now, shot, story, troubleAt } from './stage.mjs'

await story(async (browser) => {
  now('signing up')
  const { context, portal } = await company(browser, {
    name: 'Night Kiln',
    owner: 'Noor Haddad',
  })
  const open = async (name) => {
    await portal.getByRole('navigation').getByRole('link', { name, exact: true }).click()
    await portal.getByRole('heading', { level: 1, name }).waitFor()
    await loaded(portal)
  }
  const choose = async (field, option, within = portal) => {
    await within.getByRole('combobox', { name: field }).click()
    await portal.getByRole('option', { name: option, exact: true }).click()
  }
  const create = async (button, name) => {
    await portal.getByRole('button', { name: button }).first().click()
    await portal.getByRole('dialog').getByLabel('Name', { exact: true }).fill(name)
    await portal.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
    await portal.getByRole('dialog').waitFor({ state: 'detached' })
  }
  const saved = async () => {
    await portal.getByRole('button', { name: 'Save', exact: true }).click()
    await portal.getByText('Saved.').first().waitFor()
    await portal.getByRole('button', { name: 'Save', exact: true }).waitFor({ state: 'hidden' })
  }

  now('a brand, and a team that says it has nobody, until it has')
  await open('Teams')
  await portal.getByRole('button', { name: 'New brand' }).click()
  await portal.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Kiln')
  await portal.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await portal.getByText('0 teams · 0 inboxes').waitFor()
  await create('New team', 'Repairs')
  await portal.getByRole('heading', { level: 1, name: 'Repairs' }).waitFor()
  await portal.getByText('The team Repairs has no members').waitFor()
  await portal.getByLabel('What it is for').fill('Broken lids and handles')
  await portal.getByLabel('Visitors may choose this team').check()
  await portal.getByRole('checkbox', { name: 'Noor Haddad' }).check()
  await choose('Brand', 'Kiln')
  await saved()
  check((await portal.getByText('has no members').count()) === 0, 'the hint stays after somebody joined the team')
  await shot(portal, '01-team')
  await accessible(portal, '01-team')

  now('a skill, and who has it')
  await open('Skills')
  await create('New skill', 'Glazing')
  const level = portal.getByRole('combobox', {
    name: 'Glazing of Noor Haddad',
  })
  await level.selectOption('4')
  await portal.reload()
  await loaded(portal)
  check((await level.inputValue()) === '4', 'the level of a skill was not kept')
  await portal.getByRole('button', { name: 'Languages and limits of Noor Haddad' }).click()
  const languages = portal.getByRole('dialog').getByRole('combobox', { name: 'Languages' })
  await languages.and(portal.locator(':focus')).waitFor()
  await languages.fill('de')
  await portal.keyboard.press('Enter')
  await portal.keyboard.press('Tab')
  await portal.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await portal.getByRole('cell').or(portal.getByRole('rowheader')).getByText('German', { exact: true }).waitFor()
  await shot(portal, '02-skills')
  await accessible(portal, '02-skills')

  now('hours past midnight, and a holiday')
  await open('Business hours')
  await create('New business hours', 'Late shop')
  await portal.getByRole('heading', { level: 1, name: 'Late shop' }).waitFor()
  await portal.getByRole('button', { name: 'Add hours on Friday' }).click()
  await portal.getByLabel('Friday, from').last().fill('21:00')
  await portal.getByLabel('Friday, to').last().fill('02:00')
  await portal.getByText('until the next day').waitFor()
  await portal.getByLabel('Monday, from').fill('19:00')
  await portal.getByLabel('Monday, to').fill('19:30')
  await portal.getByRole('button', { name: 'Add hours on Monday' }).click()
  await portal.getByLabel('Monday, from').last().fill('19:15')
  await portal.getByText('These hours overlap others.').first().waitFor()
  check(await portal.getByRole('button', { name: 'Save', exact: true }).isDisabled(), 'hours that overlap can be saved')
  await portal.getByRole('button', { name: 'Remove these hours of Monday' }).last().click()
  await portal.getByRole('button', { name: 'Add a special day' }).click()
  await portal.getByLabel('What it is called').fill('Founders’ Day')
  await saved()
  await portal.getByRole('listitem').filter({ hasText: 'Founders’ Day' }).last().waitFor()
  await shot(portal, '03-hours')
  await accessible(portal, '03-hours')

  now('a policy with a ladder that rises')
  await open('Assignment')
  await create('New policy', 'Careful')
  await portal.getByRole('heading', { level: 1, name: 'Careful' }).waitFor()
  await portal.getByRole('radio', { name: /The best at it/ }).click()
  await portal.getByLabel('Ask the agent before giving').first().check()
  await portal.getByRole('button', { name: 'Add a step' }).click()
  await portal.getByRole('button', { name: 'Add a step' }).click()
  const after = portal.getByLabel('After', { exact: true })
  await after.last().fill('30')
  await portal.getByText('This must be later than the step before.').waitFor()
  await after.last().blur()
  check((await after.first().inputValue()).includes('30'), 'the steps are not put in the order of their times')
  await saved()
  await portal.getByText('No active rule asks for a skill').waitFor()
  await portal.getByRole('button', { name: 'Make it the default' }).click()
  await portal.getByText('Default', { exact: true }).waitFor()
  await shot(portal, '04-policy')
  await accessible(portal, '04-policy')

  now('a rule, tried on a conversation that has not happened')
  await open('Routing rules')
  await portal.getByRole('button', { name: 'New rule' }).first().click()
  await portal.getByLabel('Name').fill('Lids')
  await portal.getByRole('textbox', { name: 'Value' }).fill('/lids')
  await choose('Team', 'Repairs')
  await portal.getByRole('button', { name: 'Add a skill' }).first().click()
  await choose('Least level', '3 or more')
  await saved()
  await open('Routing rules')
  await portal.getByText('page contains “/lids” → team Repairs, needs Glazing 3+').waitFor()
  await portal.getByLabel('Page').fill('https://kiln.test/lids/blue')
  await portal.getByRole('button', { name: 'See what applies' }).click()
  await portal.getByText('1 rule applies').waitFor()
  await portal.getByText('Applies', { exact: true }).waitFor()
  await portal.getByLabel('Page').fill('https://kiln.test/cups')
  await portal.getByRole('button', { name: 'See what applies' }).click()
  await portal.getByText('No rule applies').waitFor()
  await shot(portal, '05-rules')
  await accessible(portal, '05-rules')

  now('something to look at, as the waiting room shows it')
  await open('Waiting room')
  await portal.getByRole('button', { name: 'New content' }).first().click()
  await portal.getByText('Coupon', { exact: true }).click()
  await portal.getByLabel('Title').fill('Ten off, for your patience')
  check(
    await portal.getByRole('button', { name: 'Save', exact: true }).isDisabled(),
    'a coupon without a code can be saved',
  )
  await portal.getByLabel('Code').fill('LATE-10')
  const preview = portal.frameLocator('iframe')
  await preview.getByText('LATE-10').waitFor()
  await saved()
  await shot(portal, '06-content')
  await accessible(portal, '06-content')
  await open('Waiting room')
  await portal.getByText('Coupon · seen 0 times').waitFor()

  now('where an inbox belongs')
  await open('Inboxes')
  await portal.getByRole('main').getByRole('listitem').getByRole('link').first().click()
  await choose('Team', 'Repairs')
  await portal.getByText('Saved.').first().waitFor()
  await choose('Business hours', 'Late shop')
  await portal.reload()
  await loaded(portal)
  check(
    (await portal.getByRole('combobox', { name: 'Team' }).inputValue()) === 'Repairs',
    'the team of an inbox was not kept',
  )
  await choose('Team', 'Everybody')
  await portal.getByText('Saved.').first().waitFor()
  await portal.reload()
  await loaded(portal)
  check(
    (await portal.getByRole('combobox', { name: 'Team' }).inputValue()) === 'Everybody',
    'an inbox cannot be taken from its team',
  )
  await choose('Team', 'Repairs')
  await portal.getByText('Saved.').first().waitFor()

  now('what is needed cannot be removed')
  await open('Teams')
  await portal.getByRole('link', { name: /Repairs/ }).click()
  // The browser notes a refusal as an error.
  troubleAt(BASE)
  await portal.getByRole('button', { name: 'Remove Repairs' }).click()
  await portal.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
  await portal.getByRole('dialog').getByText('It is still in use').waitFor()
  await portal.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  troubleAt(null)

  now('who did what')
  await open('Audit log')
  for (const line of [
    'created the team Repairs',
    'created the skill Glazing',
    'created the business hours Late shop',
  ]) {
    await portal.getByText(line).waitFor()
  }

  now('all of it in Chinese, in the dark')
  const pages = [
    ['团队', 'teams'],
    ['技能', 'skills'],
    ['营业时间', 'hours'],
    ['分配策略', 'policies'],
    ['分配规则', 'rules'],
    ['等候室内容', 'waiting-content'],
    ['等待预估', 'estimates'],
  ]
  await portal.evaluate(() => {
    localStorage.setItem('frontdesk.locale', 'zh-CN')
    localStorage.setItem('frontdesk.color-scheme', 'dark')
  })
  for (const [name, path] of pages) {
    await portal.goto(`${BASE}/portal/${path}`)
    await portal.getByRole('heading', { level: 1, name }).waitFor()
    await loaded(portal)
    await shot(portal, `07-zh-${path}`)
    await accessible(portal, `07-zh-${path}`)
  }

  now('all of it on a phone')
  await portal.setViewportSize({ width: 390, height: 780 })
  for (const [name, path] of pages) {
    await portal.goto(`${BASE}/portal/${path}`)
    await portal.getByRole('heading', { level: 1, name }).waitFor()
    await loaded(portal)
    const wide = await portal.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    check(wide <= 0, `${path} is wider than the phone, by ${wide}px`)
    await shot(portal, `08-phone-${path}`)
    await accessible(portal, `08-phone-${path}`)
  }
  await context.close()
})
