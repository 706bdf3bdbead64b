// What the log's details become.
import { expect, it } from 'vitest'
import { facts, params } from './words'

it('keeps what the sentence says out of the facts', () => {
  const detail = { name: 'Shop', email: 'a@b.co', role: 'agent', locale: null, scopes: ['a', 'b'], deep: { x: 1 } }
  expect(params({ detail, target: 'inbox_1' })).toEqual({ name: 'Shop', email: 'a@b.co' })
  expect(facts({ detail })).toEqual([
    { name: 'role', value: 'agent' },
    { name: 'scopes', value: 'a, b' },
    { name: 'deep', value: 'x: 1' },
  ])
})

it('calls a target by its name when somebody knows it', () => {
  const entry = { detail: { role: 'admin' }, target: 'agent_1' }
  expect(params(entry, new Map([['agent_1', 'Bo Jensen']])).name).toBe('Bo Jensen')
  expect(params(entry).name).toBe('agent_1')
})

it('shortens long lists', () => {
  expect(facts({ detail: { scopes: ['a', 'b', 'c', 'd'] } })[0]?.value).toBe('a, b, c, d')
  expect(facts({ detail: { scopes: ['a', 'b', 'c', 'd', 'e', 'f'] } })[0]?.value).toBe('a, b, c, +3')
})

it('tells of devices, ids and lists of things as somebody would', () => {
  const detail = {
    title: 'Ten percent',
    device: { browser: 'Chrome', system: 'Linux' },
    agent_ids: ['agent_1', 'agent_2'],
    skills: [{ skill_id: 'skill_1', level: 3 }],
    channel_capacity: {},
  }
  expect(params({ detail, target: 'content_1' }).name).toBe('Ten percent')
  expect(facts({ detail }, new Map([['agent_1', 'Bo Jensen']]))).toEqual([
    { name: 'device', value: 'Chrome, Linux' },
    { name: 'agent_ids', value: 'Bo Jensen, agent_2' },
    { name: 'skills', value: '1' },
  ])
  expect(facts({ detail: { device: { browser: null, system: null } } })).toEqual([])
})

it('survives an entry without anything', () => {
  expect(params({ detail: {}, target: null })).toEqual({ name: '', email: '' })
  expect(facts({ detail: {} })).toEqual([])
})
