// What the log's details become.
import { expect, it } from 'vitest'
import { facts, params } from './words'

it('keeps what the sentence says out of the facts', () => {
  const entry = {
    detail: { name: 'Shop', email: 'a@b.co', role: 'agent', locale: null, scopes: ['a', 'b'], deep: { x: 1 } },
  }
  expect(params(entry)).toEqual({ name: 'Shop', email: 'a@b.co' })
  expect(facts(entry)).toEqual([
    { name: 'role', value: 'agent' },
    { name: 'scopes', value: 'a, b' },
    { name: 'deep', value: '{"x":1}' },
  ])
})

it('survives an entry without anything', () => {
  expect(params({ detail: {} })).toEqual({ name: '', email: '' })
  expect(facts({ detail: {} })).toEqual([])
})
