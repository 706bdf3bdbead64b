// What a page says is taken as far as it can be, and never refused.
import { expect, it } from 'vitest'
import { readAbout } from './about'

it('takes texts, numbers and booleans, and leaves the rest', () => {
  const given = { intent: 'refund', order: 1042, gold: true, nothing: null, deep: { a: 1 }, bad: Number.NaN, list: [1] }
  expect(readAbout(given)).toEqual({ intent: 'refund', order: 1042, gold: true })
  expect([readAbout(null), readAbout('refund'), readAbout([1])]).toEqual([{}, {}, {}])
})

it('cuts what is too long or too much', () => {
  const about = readAbout({ ...Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`k${i}`, 'x'.repeat(2000)])) })
  expect(Object.keys(about)).toHaveLength(50)
  expect(String(about['k0'])).toHaveLength(1000)
  expect(Object.values(about).join('')).toHaveLength(20_000)
  expect(readAbout({ ['n'.repeat(61)]: 1, '': 2 })).toEqual({})
})

it('leaves no half of a character and no zero, which no server would take', () => {
  const about = readAbout({ cut: `${'x'.repeat(999)}🫖`, half: '\ud83e tea', zero: 'a\0b', 'na\0me': 'whole 🫖' })
  expect(about).toEqual({ cut: 'x'.repeat(999), half: ' tea', zero: 'ab', name: 'whole 🫖' })
})

it('counts only what it takes', () => {
  const nothing = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`n${i}`, null]))
  expect(readAbout({ ...nothing, intent: 'refund' })).toEqual({ intent: 'refund' })
})
