// What the log is asked for follows from what was chosen, and from nothing else.
import { expect, test } from 'vitest'
import { NO_FILTER, queryOf } from './Filters'

test('nothing is asked for that was not chosen', () => {
  expect(queryOf(NO_FILTER)).toEqual({})
  expect(queryOf({ ...NO_FILTER, words: '  ' })).toEqual({})
})

test('a day begins when it begins', () => {
  const query = queryOf({ ...NO_FILTER, days: '7', noun: 'role' }, new Date('2026-10-10T15:00:00'))
  expect(query['action']).toBe('role')
  expect(new Date(query['from']!).getDate()).toBe(4)
  expect(new Date(query['from']!).getHours()).toBe(0)
})
