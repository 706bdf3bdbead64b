// What is read from a page's storage may have been written by anybody.
import { expect, it } from 'vitest'
import { LONGEST_LEFT, readLeft } from './left'

const id = (digit: number) => `${String(digit).repeat(8)}-0000-4000-8000-000000000000`

it('takes whole messages, in the order they were written, and nothing else', () => {
  const good = [
    { id: id(2), text: 'second', at: 2 },
    { id: id(1), text: 'first', at: 1, more: 'x' },
  ]
  const bad = [
    null,
    7,
    'x',
    [],
    { id: 'x', text: 'a', at: 1 },
    { id: id(3), text: ' ', at: 1 },
    { id: id(3), text: 'a' },
  ]
  expect(readLeft([...bad, ...good, { id: id(4), text: 'a', at: Number.NaN }])).toEqual([
    { id: id(1), text: 'first', at: 1 },
    { id: id(2), text: 'second', at: 2 },
  ])
  for (const nothing of [null, undefined, {}, 'x', 7]) expect(readLeft(nothing)).toEqual([])
})

it('cuts what is too long, and takes so many at once', () => {
  expect(readLeft([{ id: id(1), text: 'x'.repeat(5000), at: 1 }])[0]?.text).toHaveLength(LONGEST_LEFT)
  expect(readLeft(Array.from({ length: 50 }, (_, at) => ({ id: id(1), text: 'x', at })))).toHaveLength(20)
})
