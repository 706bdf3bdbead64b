// Which way to the server, decided by a pure state machine: the best way that works, quickly at first and ever more
// patiently later, with another try at the better ways while a worse one serves. It owns no timers and no connections;
// `realtime.ts` does what it says.

/** The ways, best first. `plain` asks now and then with ordinary requests, which pass wherever a page passes. */
export type Way = 'socket' | 'stream' | 'poll' | 'plain'

/** Why a connection ended: it broke or never came, its token was refused, its bearer was, or the server asked for it. */
export type Why = 'lost' | 'expired' | 'revoked' | 'asked'

export interface Connection {
  run: number
  way: Way
  /** When it was opened, when it went live (null before), when anything was last heard. */
  openedAt: number
  liveAt: number | null
  heardAt: number
  /** Asked whether it is still there, and expected to answer until then. */
  answerBy: number | null
}

export interface Ladder {
  readonly ways: readonly Way[]
  readonly phase: 'idle' | 'working' | 'refused'
  /** The one in use, or being opened. */
  readonly main: Connection | null
  /** A better one, opened beside a living one. */
  readonly climber: Connection | null
  /** The way that is tried next, and where a new round of tries begins. */
  readonly next: number
  readonly home: number
  /** Ways that failed in this round; a round over all of them is one failure. */
  readonly fallen: number
  readonly failures: number
  /** Connections in a row that broke soon after they were made. */
  readonly flaps: number
  readonly waitUntil: number | null
  /** The server's own wish; nothing shortens a wait below it. */
  readonly notBefore: number
  readonly climbAt: number | null
  readonly climbPause: number
  readonly climbNext: number
  readonly runs: number
  /** The next token must be a new one, because the last was refused. */
  readonly force: boolean
  readonly refusals: number
}

export type LadderEvent =
  | { type: 'start'; first?: Way | undefined }
  | { type: 'stop' }
  /** The server has welcomed us on this connection. */
  | { type: 'live'; run: number }
  | { type: 'heard'; run: number }
  | { type: 'gone'; run: number; why: Why; after?: number | undefined }
  | { type: 'wake' }
  /** Something speaks for a better moment: the network came back, the page is looked at, a person asks. */
  | { type: 'nudge' }

export type LadderAction =
  | { do: 'open'; run: number; way: Way; force: boolean }
  | { do: 'close'; run: number }
  /** Make the other side say something. */
  | { do: 'ping'; run: number }
  | { do: 'remember'; way: Way }

export interface Moment {
  now: number
  random: () => number
}

export const HANDSHAKE_MS = 10_000
/** The server says something at least every 25 s on every way; a connection this silent is half open. */
export const SILENCE_MS = 45_000
export const ANSWER_MS = 5_000
export const LONGEST_PAUSE_MS = 60_000
const FIRST_PAUSE_MS = 1_000
const NEXT_WAY_MS = 400
const NUDGED_MS = 300
/** What lived shorter than this did not really live. */
const SHORT_LIFE_MS = 10_000
const MOST_FLAPS = 3
const FIRST_CLIMB_MS = 60_000
const LONGEST_CLIMB_MS = 600_000

export function newLadder(ways: readonly Way[]): Ladder {
  return {
    ways,
    phase: 'idle',
    main: null,
    climber: null,
    next: 0,
    home: 0,
    fallen: 0,
    failures: 0,
    flaps: 0,
    waitUntil: null,
    notBefore: 0,
    climbAt: null,
    climbPause: FIRST_CLIMB_MS,
    climbNext: 0,
    runs: 0,
    force: false,
    refusals: 0,
  }
}

/** When something must happen even if nothing does; null while there is nothing to wait for. */
export function wakeAt(ladder: Ladder): number | null {
  if (ladder.phase !== 'working') return null
  const times = [ladder.waitUntil, deadline(ladder.main), deadline(ladder.climber)]
  if (!ladder.climber) times.push(ladder.climbAt)
  const set = times.filter((at) => at !== null)
  return set.length > 0 ? Math.min(...set) : null
}

export function isLive(connection: Connection | null): connection is Connection {
  return connection !== null && connection.liveAt !== null
}

function deadline(connection: Connection | null): number | null {
  if (!connection) return null
  if (connection.liveAt === null) return connection.openedAt + HANDSHAKE_MS
  return Math.min(connection.heardAt + SILENCE_MS, connection.answerBy ?? Infinity)
}

/** The whole pause is chance, so that a crowd that lost its server together does not come back together. */
export function pause(failures: number, random: () => number): number {
  if (failures <= 1) return random() * FIRST_PAUSE_MS
  const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10))
  return FIRST_PAUSE_MS + random() * (ceiling - FIRST_PAUSE_MS)
}

export function step(ladder: Ladder, event: LadderEvent, moment: Moment): [Ladder, LadderAction[]] {
  const actions: LadderAction[] = []
  const next = advance(ladder, event, moment, actions)
  return [next, actions]
}

function advance(ladder: Ladder, event: LadderEvent, moment: Moment, actions: LadderAction[]): Ladder {
  const { now, random } = moment
  switch (event.type) {
    case 'start': {
      if (ladder.phase === 'working') return ladder
      const home = Math.max(0, event.first ? ladder.ways.indexOf(event.first) : 0)
      const fresh: Ladder = { ...newLadder(ladder.ways), runs: ladder.runs, phase: 'working', home, next: home }
      return open(fresh, moment, actions)
    }
    case 'stop':
      return end(ladder, 'idle', actions)
    case 'live':
      return live(ladder, event.run, moment, actions)
    case 'heard': {
      const heard = (connection: Connection | null) =>
        connection?.run === event.run ? { ...connection, heardAt: now, answerBy: null } : connection
      return { ...ladder, main: heard(ladder.main), climber: heard(ladder.climber) }
    }
    case 'gone':
      if (ladder.phase !== 'working') return ladder
      if (ladder.climber?.run === event.run) return climbFailed(ladder, moment, actions)
      return ladder.main?.run === event.run ? lost(ladder, event.why, event.after, moment, actions) : ladder
    case 'nudge': {
      if (ladder.phase !== 'working') return ladder
      const { main } = ladder
      if (isLive(main)) {
        actions.push({ do: 'ping', run: main.run })
        // The network may be another one by now, with better ways.
        const climbAt = ladder.climbAt === null ? null : Math.min(ladder.climbAt, now + random() * NUDGED_MS)
        return { ...ladder, climbAt, main: { ...main, answerBy: main.answerBy ?? now + ANSWER_MS } }
      }
      if (ladder.waitUntil === null) return ladder
      const soon = Math.max(ladder.notBefore, now + random() * NUDGED_MS)
      return { ...ladder, waitUntil: Math.min(ladder.waitUntil, soon) }
    }
    case 'wake':
      return ladder.phase === 'working' ? wake(ladder, moment, actions) : ladder
  }
}

function wake(ladder: Ladder, moment: Moment, actions: LadderAction[]): Ladder {
  const { now } = moment
  const due = (at: number | null) => at !== null && at <= now
  let state = ladder
  if (due(deadline(state.climber))) state = climbFailed(state, moment, actions)
  if (due(deadline(state.main))) return lost(state, 'lost', undefined, moment, actions)
  if (due(state.waitUntil)) return open(state, moment, actions)
  if (!state.climber && due(state.climbAt)) return climb(state, moment, actions)
  return state
}

function begin(way: Way, run: number, now: number): Connection {
  return { run, way, openedAt: now, liveAt: null, heardAt: now, answerBy: null }
}

function open(ladder: Ladder, { now }: Moment, actions: LadderAction[]): Ladder {
  const run = ladder.runs + 1
  const way = ladder.ways[ladder.next]!
  actions.push({ do: 'open', run, way, force: ladder.force })
  return { ...ladder, runs: run, main: begin(way, run, now), waitUntil: null, force: false }
}

function live(ladder: Ladder, run: number, moment: Moment, actions: LadderAction[]): Ladder {
  const { now } = moment
  const { main, climber } = ladder
  const won = main?.run === run ? main : climber?.run === run ? climber : null
  // A stream that was opened anew on the same run is welcomed again; nothing changes by that.
  if (!won || won.liveAt !== null) return ladder
  if (won === climber && main) actions.push({ do: 'close', run: main.run })
  actions.push({ do: 'remember', way: won.way })
  const at = ladder.ways.indexOf(won.way)
  return {
    ...ladder,
    main: { ...won, liveAt: now, heardAt: now },
    climber: null,
    home: at,
    next: at,
    fallen: 0,
    refusals: 0,
    waitUntil: null,
    climbAt: at > 0 ? now + jittered(ladder.climbPause, moment) : null,
    climbNext: 0,
  }
}

function lost(ladder: Ladder, why: Why, after: number | undefined, moment: Moment, actions: LadderAction[]): Ladder {
  const { now, random } = moment
  const main = ladder.main!
  actions.push({ do: 'close', run: main.run })
  if (why === 'revoked') return end({ ...ladder, main: null }, 'refused', actions)
  if (why === 'expired') {
    // One fresh token is worth a try; a second refusal means that the session itself is over.
    if (ladder.refusals > 0) return end({ ...ladder, main: null }, 'refused', actions)
    const again = dropClimber({ ...ladder, main: null, refusals: 1, force: true }, actions)
    return open(again, moment, actions)
  }

  let state: Ladder = dropClimber({ ...ladder, main: null }, actions)
  const notBefore = after === undefined ? 0 : now + after
  if (why === 'asked') {
    return { ...state, notBefore, waitUntil: notBefore + random() * FIRST_PAUSE_MS, failures: 0 }
  }
  if (main.liveAt !== null) {
    const short = now - main.liveAt < SHORT_LIFE_MS
    const flaps = short ? state.flaps + 1 : 0
    const failures = short ? state.failures + 1 : 1
    // A way on which nothing lasts is no way, though it opens every time.
    const down = flaps >= MOST_FLAPS && state.next < state.ways.length - 1
    const climbPause = short ? state.climbPause : FIRST_CLIMB_MS
    state = { ...state, failures, climbPause, flaps: down ? 0 : flaps, next: down ? state.next + 1 : state.next }
    return { ...state, notBefore, waitUntil: Math.max(notBefore, now + pause(failures, random)) }
  }
  const fallen = state.fallen + 1
  if (fallen < state.ways.length && after === undefined) {
    const next = (state.next + 1) % state.ways.length
    return { ...state, fallen, next, notBefore: 0, waitUntil: now + random() * NEXT_WAY_MS }
  }
  const failures = state.failures + 1
  const waitUntil = Math.max(notBefore, now + pause(failures, random))
  return { ...state, fallen: 0, failures, next: state.home, notBefore, waitUntil }
}

function climb(ladder: Ladder, { now }: Moment, actions: LadderAction[]): Ladder {
  const run = ladder.runs + 1
  const way = ladder.ways[ladder.climbNext]!
  actions.push({ do: 'open', run, way, force: false })
  return { ...ladder, runs: run, climber: begin(way, run, now), climbAt: null }
}

function climbFailed(ladder: Ladder, moment: Moment, actions: LadderAction[]): Ladder {
  const state = dropClimber(ladder, actions)
  if (!state.main) return state
  const climbNext = state.climbNext + 1
  if (climbNext < state.ways.indexOf(state.main.way)) return { ...state, climbNext, climbAt: moment.now + NEXT_WAY_MS }
  const climbPause = Math.min(LONGEST_CLIMB_MS, state.climbPause * 2)
  return { ...state, climbNext: 0, climbPause, climbAt: moment.now + jittered(climbPause, moment) }
}

function dropClimber(ladder: Ladder, actions: LadderAction[]): Ladder {
  if (ladder.climber) actions.push({ do: 'close', run: ladder.climber.run })
  return { ...ladder, climber: null, climbAt: null }
}

function end(ladder: Ladder, phase: 'idle' | 'refused', actions: LadderAction[]): Ladder {
  for (const connection of [ladder.main, ladder.climber]) {
    if (connection) actions.push({ do: 'close', run: connection.run })
  }
  return { ...newLadder(ladder.ways), runs: ladder.runs, phase }
}

function jittered(ms: number, { random }: Moment): number {
  return ms * (0.75 + random() / 2)
}
