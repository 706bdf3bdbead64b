// The ladder under thousands of random schedules, and the few schedules worth telling one by one.
import { describe, expect, it } from 'vitest'
import {
  HANDSHAKE_MS,
  isLive,
  LONGEST_PAUSE_MS,
  newLadder,
  pause,
  SILENCE_MS,
  step,
  wakeAt,
  type Ladder,
  type LadderAction,
  type LadderEvent,
  type Way,
  type Why,
} from './ladder'
import { seeded } from './seeded'

const WAYS: readonly Way[] = ['socket', 'stream', 'poll', 'plain']

/** Checked some million times, for which `expect` is too slow. */
function law(kept: boolean, what: string): void {
  if (!kept) throw new Error(`a law was broken: ${what}`)
}

/** A ladder with a clock and with a world that says which ways work. It checks the laws at every step. */
class Climb {
  ladder: Ladder
  now = 1_000_000
  open = new Map<number, Way>()
  opened: { way: Way; at: number; force: boolean }[] = []
  remembered: Way | null = null
  askedUntil = 0

  constructor(
    readonly random: () => number,
    ways = WAYS,
  ) {
    this.ladder = newLadder(ways)
  }

  tell(event: LadderEvent): void {
    const [next, actions] = step(this.ladder, event, { now: this.now, random: this.random })
    this.ladder = next
    for (const action of actions) this.act(action)
    this.check()
  }

  act(action: LadderAction): void {
    if (action.do === 'open') {
      law(this.now >= this.askedUntil, 'opens no sooner than the server asked')
      this.open.set(action.run, action.way)
      this.opened.push({ way: action.way, at: this.now, force: action.force })
    } else if (action.do === 'close') this.open.delete(action.run)
    else if (action.do === 'remember') this.remembered = action.way
    else law(this.open.has(action.run), 'pings what is open')
  }

  check(): void {
    const { ladder } = this
    const held = [ladder.main?.run, ladder.climber?.run].filter((run) => run !== undefined)
    law(held.length === this.open.size && held.every((run) => this.open.has(run)), 'what is open is what it knows of')
    const wake = wakeAt(ladder)
    if (ladder.phase !== 'working') {
      law(held.length === 0 && wake === null, 'rests when it does not work')
      return
    }
    law(wake !== null, 'never waits for nothing')
    const patience = Math.max(LONGEST_PAUSE_MS, this.askedUntil - this.now + 1_000)
    law(ladder.main !== null || wake! - this.now <= patience, 'never waits longer than a minute, or than was asked')
    if (!ladder.climber) return
    law(isLive(ladder.main), 'climbs only from something that lives')
    law(WAYS.indexOf(ladder.climber.way) < WAYS.indexOf(ladder.main!.way), 'climbs only upwards')
  }

  /** Lets time pass up to the next thing that is due. */
  wait(atMost = Infinity): void {
    const due = wakeAt(this.ladder) ?? this.now + 1_000
    this.now = Math.min(this.now + atMost, Math.max(this.now, due))
    this.tell({ type: 'wake' })
  }

  /** Lives in a world where only these ways work, until it is on one of them. */
  settle(works: readonly Way[], limit = 200): void {
    for (let i = 0; i < limit; i++) {
      for (const [run, way] of [...this.open]) {
        if (!this.open.has(run)) continue
        if (works.includes(way)) {
          this.tell({ type: 'live', run })
          this.tell({ type: 'heard', run })
        } else this.tell({ type: 'gone', run, why: 'lost' })
      }
      if (isLive(this.ladder.main)) return
      this.wait()
    }
    throw new Error(`no connection after ${limit} steps with ${works.join()}`)
  }
}

describe('the ladder', () => {
  it('keeps its laws under thousands of random schedules, and always finds a way that works', () => {
    for (let seed = 1; seed <= 3_000; seed++) {
      const random = seeded(seed)
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!
      const climb = new Climb(random)
      climb.tell({ type: 'start', first: pick([undefined, ...WAYS]) })
      for (let i = 0; i < 60; i++) {
        const runs = [...climb.open.keys(), climb.ladder.runs, 0]
        const why: Why = pick(['lost', 'lost', 'lost', 'asked', 'expired', 'revoked'])
        const after = why === 'asked' ? random() * 30_000 : undefined
        switch (Math.floor(random() * 8)) {
          case 0:
          case 1:
            climb.tell({ type: 'live', run: pick(runs) })
            break
          case 2: {
            const run = pick(runs)
            if (why === 'asked' && climb.ladder.main?.run === run) climb.askedUntil = climb.now + after!
            climb.tell({ type: 'gone', run, why, after })
            break
          }
          case 3:
            climb.tell({ type: 'heard', run: pick(runs) })
            break
          case 4:
            climb.tell({ type: 'nudge' })
            break
          case 5:
            climb.wait()
            break
          case 6:
            climb.wait(random() * 70_000)
            break
          default:
            if (random() < 0.1) climb.tell({ type: 'stop' })
            if (climb.ladder.phase !== 'working') {
              climb.askedUntil = 0
              climb.tell({ type: 'start', first: pick(WAYS) })
            }
        }
      }
      climb.tell({ type: 'stop' })
      expect(climb.open.size).toBe(0)
      climb.askedUntil = 0
      climb.tell({ type: 'start', first: pick(WAYS) })
      climb.settle([pick(WAYS)])
    }
  }, 60_000)

  it('goes down step by step until something works, and remembers it', () => {
    for (const works of WAYS) {
      const climb = new Climb(seeded(7))
      climb.tell({ type: 'start' })
      climb.settle([works])
      expect(climb.opened.map((one) => one.way)).toEqual(WAYS.slice(0, WAYS.indexOf(works) + 1))
      expect(climb.remembered).toBe(works)
      expect(climb.now - 1_000_000).toBeLessThan(1_500)
    }
  })

  it('begins with what worked last time', () => {
    const climb = new Climb(seeded(1))
    climb.tell({ type: 'start', first: 'poll' })
    climb.settle(WAYS)
    expect(climb.opened.map((one) => one.way)).toEqual(['poll'])
  })

  it('climbs back to the socket beside the living way, without a gap', () => {
    const climb = new Climb(seeded(3))
    climb.tell({ type: 'start' })
    climb.settle(['poll', 'plain'])
    const began = climb.now
    for (let i = 0; i < 2_000 && climb.ladder.main?.way !== 'socket'; i++) {
      climb.wait(20_000)
      const { main, climber } = climb.ladder
      expect(main?.liveAt).not.toBeNull()
      climb.tell({ type: 'heard', run: main!.run })
      if (!climber) continue
      // Blocked for half an hour, then not any more.
      if (climb.now - began < 1_800_000) climb.tell({ type: 'gone', run: climber.run, why: 'lost' })
      else climb.tell({ type: 'live', run: climber.run })
    }
    expect(climb.ladder.main?.way).toBe('socket')
    expect(wakeAt(climb.ladder)).toBeGreaterThan(climb.now)
    // Ten minutes apart at the end: half an hour of trying costs the server next to nothing.
    expect(climb.opened.filter((one) => one.way === 'socket').length).toBeLessThan(10)
  })

  it('climbs at once when the network may be another one', () => {
    const climb = new Climb(seeded(4))
    climb.tell({ type: 'start' })
    climb.settle(['plain'])
    climb.tell({ type: 'nudge' })
    climb.wait(1_000)
    expect(climb.ladder.climber?.way).toBe('socket')
    climb.tell({ type: 'live', run: climb.ladder.climber!.run })
    expect([...climb.open.values()]).toEqual(['socket'])
  })

  it('leaves a way on which nothing lasts', () => {
    const climb = new Climb(seeded(5))
    climb.tell({ type: 'start' })
    for (let i = 0; i < 3; i++) {
      climb.settle(['socket'])
      climb.now += 3_000
      climb.tell({ type: 'gone', run: climb.ladder.main!.run, why: 'lost' })
    }
    climb.settle(WAYS)
    expect(climb.ladder.main?.way).toBe('stream')
  })

  it('notices a half-open connection by its silence', () => {
    const climb = new Climb(seeded(9))
    climb.tell({ type: 'start' })
    climb.settle(['socket'])
    expect(wakeAt(climb.ladder)).toBe(climb.now + SILENCE_MS)
    climb.now += SILENCE_MS
    climb.tell({ type: 'wake' })
    expect(climb.ladder.main).toBeNull()
  })

  it('gives a handshake ten seconds', () => {
    const climb = new Climb(seeded(9))
    climb.tell({ type: 'start' })
    expect(wakeAt(climb.ladder)).toBe(climb.now + HANDSHAKE_MS)
  })

  it('waits as the server asked, whoever nudges', () => {
    const climb = new Climb(seeded(11))
    climb.tell({ type: 'start' })
    climb.settle(['socket'])
    climb.askedUntil = climb.now + 8_000
    climb.tell({ type: 'gone', run: climb.ladder.main!.run, why: 'asked', after: 8_000 })
    climb.tell({ type: 'nudge' })
    expect(wakeAt(climb.ladder)).toBe(climb.askedUntil)
    climb.settle(['socket'])
    expect(climb.now).toBe(climb.askedUntil)
  })

  it('is hurried by a nudge, and asks a living connection for an answer', () => {
    const climb = new Climb(seeded(13), ['socket'])
    climb.tell({ type: 'start' })
    for (let i = 0; i < 8; i++) {
      climb.tell({ type: 'gone', run: climb.ladder.runs, why: 'lost' })
      climb.wait()
    }
    climb.tell({ type: 'gone', run: climb.ladder.runs, why: 'lost' })
    climb.tell({ type: 'nudge' })
    expect(wakeAt(climb.ladder)! - climb.now).toBeLessThan(500)
    climb.settle(['socket'])
    climb.tell({ type: 'nudge' })
    climb.now += 5_000
    climb.tell({ type: 'wake' })
    expect(climb.ladder.main).toBeNull()
  })

  it('tries one fresh token, then accepts the refusal', () => {
    const climb = new Climb(seeded(15))
    climb.tell({ type: 'start' })
    climb.tell({ type: 'gone', run: climb.ladder.runs, why: 'expired' })
    expect(climb.opened.map((one) => one.force)).toEqual([false, true])
    climb.tell({ type: 'gone', run: climb.ladder.runs, why: 'expired' })
    expect(climb.ladder.phase).toBe('refused')
  })
})

describe('the pauses', () => {
  it('are all chance, quick at first, and never longer than a minute', () => {
    for (let failures = 1; failures < 40; failures++) {
      const [shortest, longest] = [pause(failures, () => 0), pause(failures, () => 1)]
      expect(shortest).toBe(failures === 1 ? 0 : 1_000)
      expect(longest).toBe(Math.min(60_000, 1_000 * 2 ** Math.min(failures - 1, 10)))
    }
  })
})
