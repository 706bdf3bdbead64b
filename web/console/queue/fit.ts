// Who could take whom: what the board shows while one decides. The server decides by itself; a person may decide otherwise.
import type { Agent, Availability, QueueBoard, QueueSeat, QueueThresholds, QueueTicket } from 'client/types'
import { PRESENCE_RANK } from 'ui/person'
import type { QueuePulse } from '../data/state'

/** A whole conversation, in the hundredths in which loads are counted. */
const WHOLE = 100

/** An agent on the floor, by name, and whether they can be reached. */
export interface Seat extends Omit<QueueSeat, 'availability' | 'here'> {
  name: string
  availability: Availability
}

export function seatsOf({ agents }: QueueBoard, known: readonly Agent[]): Seat[] {
  return agents.map(({ here, availability, ...seat }) => ({
    ...seat,
    name: known.find((agent) => agent.id === seat.agent_id)?.name ?? '…',
    availability: here ? availability : 'offline',
  }))
}

export function hasRoom({ availability, load, capacity }: Seat): boolean {
  return availability === 'online' && load + WHOLE <= capacity
}

/** Why this agent would not be given it by itself; null when they would. */
export function unfit(ticket: QueueTicket, seat: Seat): 'not_here' | 'full' | 'team' | 'skill' | null {
  if (seat.availability !== 'online') return 'not_here'
  if (!hasRoom(seat)) return 'full'
  if (ticket.team_id !== null && !seat.team_ids.includes(ticket.team_id)) return 'team'
  const able = ticket.required.every(({ skill_id: id, level }) => (seat.skills[id] ?? 0) >= level)
  return able ? null : 'skill'
}

/** The agents, those who could take it now first, and among them the least busy. */
export function bestFirst(seats: readonly Seat[], ticket: QueueTicket | null): Seat[] {
  const rank = (seat: Seat) => (ticket ? Number(unfit(ticket, seat) !== null) : 0)
  const busy = (seat: Seat) => (seat.capacity > 0 ? seat.load / seat.capacity : 1)
  return [...seats].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      PRESENCE_RANK[a.availability] - PRESENCE_RANK[b.availability] ||
      busy(a) - busy(b) ||
      a.name.localeCompare(b.name),
  )
}

/** "1.5/4": load and capacity in conversations. */
export function loadOf({ load, capacity }: { load: number; capacity: number }): string {
  return `${conversations(load)}/${conversations(capacity)}`
}

function conversations(hundredths: number): string {
  return String(Math.round(hundredths / 10) / 10)
}

export interface Alarm {
  kind: 'waiting' | 'longest'
  value: number
  limit: number
}

/** Which thresholds were passed. Whoever does not wait live raises no alarm. */
export function alarms(board: QueueBoard, now: number): Alarm[] {
  return alarmsOf(pulseOf(board), board.thresholds, now)
}

/** The same from what a frame says of the line. */
export function alarmsOf(
  { waiting, longestSince }: QueuePulse,
  { waiting: most, longest_seconds: longer }: Pick<QueueThresholds, 'waiting' | 'longest_seconds'>,
  now: number,
): Alarm[] {
  const longest = longestSince === null ? null : Math.max(0, (now - Date.parse(longestSince)) / 1000)
  const found: Alarm[] = []
  if (most !== null && waiting > most) found.push({ kind: 'waiting', value: waiting, limit: most })
  if (longer !== null && longest !== null && longest > longer) {
    found.push({ kind: 'longest', value: longest, limit: longer })
  }
  return found
}

export function longestWait(tickets: readonly QueueTicket[], now: number): number | null {
  if (tickets.length === 0) return null
  return Math.max(...tickets.map((ticket) => waited(ticket, now)))
}

/** What a frame would say of the line. */
export function pulseOf({ waiting }: Pick<QueueBoard, 'waiting'>): QueuePulse {
  const live = waiting.filter((ticket) => !ticket.patient)
  const since = live.map((ticket) => ticket.entered_at).toSorted((a, b) => Date.parse(a) - Date.parse(b))
  return { waiting: live.length, longestSince: since[0] ?? null }
}

export function waited(ticket: QueueTicket, now: number): number {
  return Math.max(0, (now - Date.parse(ticket.entered_at)) / 1000)
}

export interface Line {
  teamId: string | null
  tickets: QueueTicket[]
}

/** A line for each team that has one, in the order of the teams; whoever is in none comes last. */
export function linesOf({ waiting, teams }: QueueBoard): Line[] {
  const order = teams.map((team) => team.team_id)
  const lines = new Map<string | null, QueueTicket[]>(order.map((id) => [id, []]))
  for (const ticket of waiting) {
    const line = lines.get(ticket.team_id) ?? []
    lines.set(ticket.team_id, line)
    line.push(ticket)
  }
  return [...lines]
    .map(([teamId, tickets]) => ({ teamId, tickets }))
    .filter(({ teamId, tickets }) => teamId !== null || tickets.length > 0)
    .sort((a, b) => Number(a.teamId === null) - Number(b.teamId === null))
}
