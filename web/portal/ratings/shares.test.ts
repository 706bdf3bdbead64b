// Bars and percentages of ratings, also of none.
import { expect, it } from 'vitest'
import { answeredShare, distribution, percent, satisfied } from './shares'

const some = { asked: 8, count: 4, average: 4, ratings: { '1': 0, '2': 1, '3': 0, '4': 1, '5': 2 } }
const none = { asked: 0, count: 0, average: null, ratings: { '1': 0, '2': 0, '3': 0, '4': 0, '5': 0 } }

it('sums up', () => {
  expect(distribution(some).map((each) => [each.star, each.share])).toEqual([
    [5, 0.5],
    [4, 0.25],
    [3, 0],
    [2, 0.25],
    [1, 0],
  ])
  expect(answeredShare(some)).toBe(0.5)
  expect(satisfied(some)).toBe(0.75)
})

it('says nothing about nothing', () => {
  expect(distribution(none).every((each) => each.share === 0)).toBe(true)
  expect(answeredShare(none)).toBe(null)
  expect(satisfied(none)).toBe(null)
})

it('has no decimals', () => {
  expect(percent(0.667, 'en')).toBe('67%')
})
