// Both languages say the same things: no key without its twin, no placeholder lost in translation.
import { describe, expect, it } from 'vitest'

type Words = { [key: string]: string | Words }
const files = import.meta.glob<Words>(['../*/locales/*.json', '../*/*/locales/*.json'], {
  eager: true,
  import: 'default',
})

function flatten(words: Words, path = ''): [string, string][] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'string' ? [[path + key, value] as [string, string]] : flatten(value, `${path}${key}.`),
  )
}

const holes = (text: string) => [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1]).sort()

const rooms = Object.keys(files)
  .filter((path) => path.endsWith('/en.json'))
  .map((path) => path.slice(0, -'/en.json'.length))

describe.each(rooms)('%s', (room) => {
  const en = flatten(files[`${room}/en.json`] ?? {})
  const zh = flatten(files[`${room}/zh-CN.json`] ?? {})
  // English has two plural forms, Chinese one. A key that merely ends in "_one" is no plural.
  const plurals = new Set(
    en
      .map(([key]) => key)
      .filter((key) => key.endsWith('_other'))
      .map((key) => key.slice(0, -6)),
  )
  const isSingular = (key: string) => key.endsWith('_one') && plurals.has(key.slice(0, -4))
  const inBoth = (words: [string, string][]) => words.filter(([key]) => !isSingular(key))

  it('has the same keys in both languages', () => {
    expect(zh.map(([key]) => key).sort()).toEqual(
      inBoth(en)
        .map(([key]) => key)
        .sort(),
    )
  })

  it('keeps every placeholder', () => {
    const wanted = new Map(inBoth(en).map(([key, text]) => [key, holes(text)]))
    for (const [key, text] of zh) expect([key, holes(text)]).toEqual([key, wanted.get(key)])
  })

  it('leaves nothing empty', () => {
    for (const [key, text] of [...en, ...zh]) expect(text.trim(), key).not.toBe('')
  })
})
