// People's data by hand: a person's archive, the whole account's, the log that shows tampering, and somebody who is forgotten.

import { readFileSync } from 'node:fs'
import { accessible } from './axe.mjs'
import { check, company, loaded, now, openChat, person, shopPage, shot, site, story } from './stage.mjs'

const WORD = 'jasmine-4711'

await story(async (browser) => {
  const { portal, tag, context } = await company(browser, {
    name: 'Blue Teapot',
    owner: 'Mei Lin',
  })

  now('a visitor writes')
  const visitor = await (await person(browser, 'visitor')).newPage()
  await visitor.goto(await site(() => shopPage('Blue Teapot', tag)))
  const chat = await openChat(visitor, 'Open chat')
  await chat.getByRole('textbox', { name: 'Your message' }).fill(`Where is my ${WORD}?`)
  await visitor.keyboard.press('Enter')
  await chat.getByText(`Where is my ${WORD}?`).waitFor()

  now('the agent sees what is known of them')
  const desk = await context.newPage()
  await desk.goto(new URL('/console', portal.url()).href)
  await desk.getByRole('list', { name: 'Mine' }).getByRole('link').filter({ hasText: WORD }).click()
  const details = desk.getByRole('complementary', { name: 'Contact' })
  await details.getByText('Their data').waitFor()
  await details.getByRole('button', { name: /^Name/ }).click()
  await details.getByRole('textbox', { name: 'Name' }).fill('Ana Moreno')
  await desk.keyboard.press('Enter')
  await details.getByText('Ana Moreno').first().waitFor()
  await shot(desk, '01-console-contact')

  now('an archive of the person')
  await details.getByRole('button', { name: 'Export data' }).click()
  await desk.getByText('The archive is being made.').waitFor()
  await portal.bringToFront()
  await portal.goto(new URL('/portal/data', portal.url()).href)
  await portal.getByRole('heading', { name: 'Data', exact: true }).waitFor()
  await portal.getByText('One person').waitFor()
  await portal.getByText('Ready').first().waitFor()
  const [saved] = await Promise.all([
    portal.waitForEvent('download'),
    portal.getByRole('button', { name: 'Download' }).first().click(),
  ])
  const bytes = readFileSync(await saved.path())
  check(bytes.subarray(0, 2).toString() === 'PK' && bytes.length > 500, 'the archive came')
  check(/^frontdesk-contact-.*\.zip$/.test(saved.suggestedFilename()), `it is called ${saved.suggestedFilename()}`)

  now('an archive of the account')
  await portal.getByRole('button', { name: 'Export the whole account' }).click()
  await portal.getByText('The whole account').waitFor()
  await portal.getByText('Ready').nth(1).waitFor()

  now('for how long')
  await portal.getByRole('switch', { name: 'Erase the texts of resolved conversations' }).click()
  await portal.getByRole('textbox', { name: /Days: Erase the texts/ }).fill('30')
  await portal.getByRole('switch', { name: 'Shorten the audit log' }).click()
  await portal.getByRole('button', { name: 'Save' }).click()
  await portal.getByText('Saved', { exact: true }).waitFor()
  await portal.getByLabel('Name or e-mail address').fill('Ana')
  await portal.getByText('Ana Moreno').waitFor()
  await loaded(portal)
  await accessible(portal, 'the portal')
  await shot(portal, '02-portal-data')

  now('erased from the console')
  await desk.bringToFront()
  await details.getByRole('button', { name: 'Erase…' }).click()
  const dialog = desk.getByRole('dialog', { name: 'Erase for good' })
  await dialog.getByText('One conversation is going on.').waitFor()
  const erase = dialog.getByRole('button', { name: 'Erase', exact: true })
  check(await erase.isDisabled(), 'not without the word')
  await dialog.getByRole('textbox').fill('Ana')
  check(await erase.isDisabled(), 'not with half of it')
  await dialog.getByRole('textbox').fill('Ana Moreno')
  await accessible(desk, 'the dialog')
  await shot(desk, '03-erase-dialog')
  await erase.click()
  await desk.getByText('Everything known of this person was erased.').waitFor()
  await desk.getByText(WORD).first().waitFor({ state: 'detached' })
  await loaded(desk)
  await shot(desk, '04-console-erased')

  now('the visitor begins anew')
  await visitor.bringToFront()
  await visitor.reload()
  const again = await openChat(visitor, 'Open chat')
  await again.getByRole('textbox', { name: 'Your message' }).waitFor()
  check((await again.getByText(WORD).count()) === 0, 'nothing of before is shown')

  now('archives are gone, and the log tells of all of it')
  await portal.bringToFront()
  await portal.reload()
  await portal.getByText('Withdrawn').nth(1).waitFor()
  await portal.getByRole('link', { name: 'Audit log', exact: true }).first().click()
  await portal.getByText('erased a contact').waitFor()
  await portal.getByText('downloaded an archive').waitFor()
  await portal.getByRole('button', { name: 'Check for tampering' }).click()
  await portal.getByText('The log is as it was written').waitFor()
  await portal.getByRole('searchbox', { name: 'Search', exact: true }).fill('retention')
  await portal.getByText('chose for how long data is kept').waitFor()
  await portal.getByText('erased a contact').waitFor({ state: 'detached' })
  await portal.getByRole('searchbox', { name: 'Search', exact: true }).fill('')
  await portal.getByText('erased a contact').waitFor()
  await portal.getByRole('button', { name: 'Export' }).click()
  const [table] = await Promise.all([
    portal.waitForEvent('download'),
    portal.getByRole('menuitem', { name: 'Table (CSV)' }).click(),
  ])
  const text = readFileSync(await table.path(), 'utf8')
  check(text.includes('contact.erased') && !text.includes(WORD), 'the table has the deed and no word')
  await loaded(portal)
  await accessible(portal, 'the portal')
  await shot(portal, '05-audit')

  now('the same in Chinese, in the dark, on a phone')
  await portal.evaluate(() => localStorage.setItem('frontdesk.locale', 'zh-CN'))
  await portal.emulateMedia({ colorScheme: 'dark' })
  await portal.setViewportSize({ width: 390, height: 844 })
  await portal.goto(new URL('/portal/data', portal.url()).href)
  await portal.getByText('数据保留期限').waitFor()
  await loaded(portal)
  await accessible(portal, 'the portal')
  await shot(portal, '06-data-chinese-dark')
})
