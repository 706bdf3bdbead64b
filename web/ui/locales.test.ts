// Both languages say the same things: no key without its twin, no placeholder lost in translation.
import { describe, expect, it } from 'vitest'

type Words = { [key: string]: string | Words }
const files = import.meta.glob<Words>('../*/locales/*.json', { eager: true, import: 'default' })

function flatten(words: Words, path = ''): [string, string][] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'string' ? [[path + key, value] as [string, string]] : flatten(value, `${path}${key}.`),
  )
}

// English has two plural forms, Chinese one.
const bare = (key: string) => key.replace(/_(one|other)$/, '')
const holes = (text: string) => [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1]).sort()

const rooms = Object.keys(files)
  .filter((path) => path.endsWith('/en.json'))
  .map((path) => path.slice(0, -'/en.json'.length))

describe.each(rooms)('%s', (room) => {
  const en = flatten(files[`${room}/en.json`] ?? {})
  const zh = flatten(files[`${room}/zh-CN.json`] ?? {})

  it('has the same keys in both languages', () => {
    expect([...new Set(zh.map(([key]) => bare(key)))].sort()).toEqual([...new Set(en.map(([key]) => bare(key)))].sort())
  })

  it('keeps every placeholder', () => {
    const wanted = new Map(en.filter(([key]) => !key.endsWith('_one')).map(([key, text]) => [bare(key), holes(text)]))
    for (const [key, text] of zh) expect([key, holes(text)]).toEqual([key, wanted.get(bare(key))])
  })

  it('leaves nothing empty', () => {
    for (const [key, text] of [...en, ...zh]) expect(text.trim(), key).not.toBe('')
  })
})
