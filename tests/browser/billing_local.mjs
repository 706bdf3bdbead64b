// An installation of one's own, without a payment provider: the same pages, and nobody is charged.

import { accessible } from './axe.mjs'
import { open } from './money.mjs'
import { company, loaded, now, shot, story } from './stage.mjs'

await story(async (browser) => {
  const { context, portal } = await company(browser, { name: 'Own Kiln', owner: 'Noor Haddad' })

  now('nothing has been bought')
  await open(portal, 'Invoices')
  await portal.getByText('No invoice to come').waitFor()
  await portal.getByText('No invoices yet').waitFor()
  await shot(portal, '01-nothing')
  await accessible(portal, '01-nothing')
  await open(portal, 'Usage')
  await portal.getByText('The free plan always stops at what is included.').waitFor()

  now('a plan is taken')
  await open(portal, 'Plan')
  await portal.getByRole('button', { name: 'Buy Scale' }).click()
  const buying = portal.getByRole('dialog', { name: 'Buy Scale' })
  await buying.getByText('Nobody is charged here').waitFor()
  await buying.getByText('Yearly', { exact: true }).click()
  await buying.getByText('$490.00').waitFor()
  await buying.getByRole('button', { name: 'Take this plan' }).click()
  await portal.getByText('Thank you! Scale is yours.').waitFor()
  await loaded(portal)
  await shot(portal, '02-taken')

  now('its invoice is printed')
  await open(portal, 'Invoices')
  await portal.getByRole('link', { name: /^Open the invoice/ }).click()
  await portal.getByText('nobody was charged').waitFor()
  await portal.getByRole('button', { name: 'Print or save as PDF' }).waitFor()
  await portal.emulateMedia({ media: 'print' })
  await shot(portal, '03-on-paper')
  await portal.emulateMedia({ media: 'screen' })
  await context.close()
})
