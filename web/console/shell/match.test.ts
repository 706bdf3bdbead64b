// Ranking in the command bar.
import { expect, it } from 'vitest'
import { best } from './match'

const people = [
  { label: 'Diana Fox' },
  { label: 'Ana López', extra: 'ana@shop.example #12' },
  { label: '王小明', extra: 'wang@shop.example' },
]
const names = (query: string) => best(people, query, 5).map(({ label }) => label)

it('prefers beginnings, finds the rest', () => {
  expect(names('ana')).toEqual(['Ana López', 'Diana Fox'])
  expect(names('fox dia')).toEqual(['Diana Fox'])
  expect(names('#12')).toEqual(['Ana López'])
  expect(names('小明')).toEqual(['王小明'])
  expect(names('nobody')).toEqual([])
})

it('shows everything, in order, for nothing typed', () => {
  expect(names('  ')).toEqual(['Diana Fox', 'Ana López', '王小明'])
})
