// An eye for what a screen reader, a keyboard or weak eyes would stumble over.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { check } from './stage.mjs'

const require = createRequire(new URL('../../web/package.json', import.meta.url))
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** Nothing on the page, or in the frame of the chat, breaks the rules of WCAG 2.2 AA that a program can check. */
export async function accessible(where, name) {
  await where.evaluate(AXE)
  // What is fading in has the colours of neither state. What takes longer shows time that runs out.
  await where.waitForFunction(() =>
    document
      .getAnimations()
      .filter(({ effect }) => effect.getTiming().iterations === 1 && effect.getTiming().duration < 3000)
      .every(({ playState }) => playState !== 'running'),
  )
  const { violations, passes } = await where.evaluate(
    (values) => axe.run(document, { runOnly: { type: 'tag', values } }),
    RULES,
  )
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, html }) => `  ${id}: ${help}: ${target.join(' ')}\n    ${html.slice(0, 200)}`),
  )
  check(found.length === 0, `${name} is not accessible:\n${found.join('\n')}`)
  check(passes.length >= 8, `${name} was hardly looked at`)
}
