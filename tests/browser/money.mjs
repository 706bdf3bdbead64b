// What the stories about plans and money share.

import { BASE, loaded } from './stage.mjs'

const OFFICE = process.env['FRONTDESK_OFFICE']

/** Asks the harness for what no browser can do. */
export async function backstage(what, query) {
  const response = await fetch(`${OFFICE}/${what}?${new URLSearchParams(query)}`)
  if (!response.ok) throw new Error(`the harness could not do ${what}: ${await response.text()}`)
  return response.json()
}

/** Days pass: for the servers, for Stripe and for the browser. The page is left meanwhile, and its cookie outlives it. */
export async function later(context, page, days) {
  await page.goto('about:blank')
  await backstage('later', { days })
  // Each lies over the ones before.
  await context.addInitScript((by) => {
    const Before = Date
    globalThis.Date = class extends Before {
      constructor(...given) {
        if (given.length === 0) super(Before.now() + by)
        else super(...given)
      }
      static now() {
        return Before.now() + by
      }
    }
  }, days * 86_400_000)
}

/** The last proof of who sits there is too old: their password once more. */
export async function proves(portal) {
  const asking = portal.getByRole('dialog', { name: 'Is it you?' })
  await asking.getByLabel('Your password').fill('celadon cups at nine')
  await asking.getByRole('button', { name: 'Continue' }).click()
  await asking.waitFor({ state: 'detached' })
}

/** A page of the portal, by its link in the navigation. */
export async function open(portal, name) {
  await portal.getByRole('navigation').getByRole('link', { name, exact: true }).click()
  await portal.getByRole('heading', { level: 1, name }).waitFor()
  await loaded(portal)
}

/** Looks at a page again and again until something is there: what time brings about, workers do when they come to it. */
export async function until(portal, path, heading, there) {
  for (let looks = 0; looks < 20; looks += 1) {
    await visit(portal, path, heading)
    const seen = await there.waitFor({ timeout: 2_000 }).then(
      () => true,
      () => false,
    )
    if (seen) return
  }
  throw new Error(`/portal/${path} never showed ${there}`)
}

export const visit = async (portal, path, heading) => {
  await portal.goto(`${BASE}/portal/${path}`)
  await portal.getByRole('heading', { level: 1, name: heading }).waitFor()
  await loaded(portal)
}
