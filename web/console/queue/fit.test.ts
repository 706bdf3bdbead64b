// What the board works out by itself: who could take whom, which lines there are, and when it raises its voice.
import { describe, expect, it } from 'vitest'
import type { QueueBoard, QueueTicket } from 'client/types'
import { clockOf } from './duration'
import { agent } from '../data/fixtures'
import { alarms, alarmsOf, bestFirst, linesOf, loadOf, pulseOf, seatsOf, unfit, type Seat } from './fit'

const NOW = Date.parse('2026-03-02T10:00:00Z')

function ticket(over: Partial<QueueTicket> = {}): QueueTicket {
  return {
    conversation_id: 'conv_1',
    number: 1,
    contact: { id: 'cont_1', name: 'Ana', email: null },
    team_id: null,
    position: 1,
    since: '2026-03-02T09:55:00Z',
    entered_at: '2026-03-02T09:55:00Z',
    language: null,
    rank: 0,
    vip: false,
    patient: false,
    turned_away: false,
    required: [],
    preferred: [],
    step: 0,
    steps: 0,
    next_step_at: null,
    offered_to: null,
    offered_until: null,
    reason: 'new',
    estimate: null,
    ...over,
  }
}

function seat(over: Partial<Seat> = {}): Seat {
  return {
    agent_id: 'agent_1',
    name: 'Mia',
    availability: 'online',
    load: 100,
    capacity: 300,
    team_ids: [],
    skills: {},
    ...over,
  }
}

const board = (over: Partial<QueueBoard>): QueueBoard => ({
  waiting: [],
  agents: [],
  teams: [],
  thresholds: { waiting: null, longest_seconds: null, updated_at: null },
  ...over,
})

describe('who could take whom', () => {
  it('depends on presence, room, team and skills', () => {
    const german = ticket({ team_id: 'team_1', required: [{ skill_id: 'skill_de', level: 3 }] })
    const able = seat({ team_ids: ['team_1'], skills: { skill_de: 3 } })
    expect(unfit(german, able)).toBeNull()
    expect(unfit(german, { ...able, availability: 'busy' })).toBe('not_here')
    expect(unfit(german, { ...able, load: 250 })).toBe('full')
    expect(unfit(german, { ...able, team_ids: [] })).toBe('team')
    expect(unfit(german, { ...able, skills: { skill_de: 2 } })).toBe('skill')
    expect(unfit(ticket(), seat())).toBeNull()
  })

  it('puts the able first, and the least busy of them', () => {
    const seats = [
      seat({ agent_id: 'away', availability: 'away', load: 0 }),
      seat({ agent_id: 'full', load: 300 }),
      seat({ agent_id: 'half', load: 150 }),
      seat({ agent_id: 'free', load: 0 }),
    ]
    expect(bestFirst(seats, ticket()).map((each) => each.agent_id)).toEqual(['free', 'half', 'full', 'away'])
  })

  it('knows whoever is not connected as offline, by name', () => {
    const { name: _name, availability: _availability, ...rest } = seat()
    const floor = board({ agents: [{ ...rest, here: false, availability: 'online' }] })
    expect(seatsOf(floor, [agent()])[0]).toMatchObject({ name: 'Mia', availability: 'offline' })
  })

  it('shows loads in conversations', () => {
    expect(loadOf({ load: 150, capacity: 400 })).toBe('1.5/4')
  })
})

describe('the lines', () => {
  it('follow the teams, with whoever has none at the end', () => {
    const team = { open: true, opens_at: null, waiting: 0, longest_wait_seconds: null, staffed: 1, free: 1 }
    const lines = linesOf(
      board({
        waiting: [ticket(), ticket({ conversation_id: 'conv_2', team_id: 'team_2' })],
        teams: [
          { ...team, team_id: null },
          { ...team, team_id: 'team_1' },
          { ...team, team_id: 'team_2' },
        ],
      }),
    )
    expect(lines.map(({ teamId, tickets }) => [teamId, tickets.length])).toEqual([
      ['team_1', 0],
      ['team_2', 1],
      [null, 1],
    ])
  })
})

describe('an alarm', () => {
  const thresholds = { waiting: 1, longest_seconds: 240, updated_at: null }

  it('is raised past the thresholds, and not at them', () => {
    expect(
      alarms(board({ waiting: [ticket()], thresholds: { waiting: 1, longest_seconds: 300, updated_at: null } }), NOW),
    ).toEqual([])
    const two = board({ waiting: [ticket(), ticket()], thresholds })
    expect(alarms(two, NOW)).toEqual([
      { kind: 'waiting', value: 2, limit: 1 },
      { kind: 'longest', value: 300, limit: 240 },
    ])
  })

  it('is raised away from the board by what a frame says', () => {
    const since = new Date(NOW - 241_000).toISOString()
    expect(alarmsOf({ waiting: 1, longestSince: since }, thresholds, NOW)).toEqual([
      { kind: 'longest', value: 241, limit: 240 },
    ])
    expect(alarmsOf({ waiting: 0, longestSince: null }, thresholds, NOW)).toEqual([])
    expect(alarmsOf({ waiting: 9, longestSince: since }, { waiting: null, longest_seconds: null }, NOW)).toEqual([])
  })

  it('is not raised by whoever left a message', () => {
    const patient = ticket({ patient: true })
    expect(alarms(board({ waiting: [patient, patient], thresholds }), NOW)).toEqual([])
  })
})

describe('what the navigation shows of the line', () => {
  it('counts who waits here, from the first of them', () => {
    const late = ticket({ entered_at: '2026-03-02T09:58:00.5Z' })
    const patient = ticket({ patient: true, entered_at: '2026-03-02T08:00:00Z' })
    expect(pulseOf({ waiting: [late, patient, ticket()] })).toEqual({
      waiting: 2,
      longestSince: '2026-03-02T09:55:00Z',
    })
    expect(pulseOf({ waiting: [patient] })).toEqual({ waiting: 0, longestSince: null })
  })
})

describe('a clock', () => {
  it('has hours only when there are some', () => {
    expect([5, 65, 3600, 3725].map(clockOf)).toEqual(['0:05', '1:05', '1:00:00', '1:02:05'])
  })
})
