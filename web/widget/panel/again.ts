// A visit can end while its page is open: somebody was blocked, let in again, or signed out elsewhere. Whoever is there comes in again,
// as whoever they are to the company now. Not all at once, and ever more slowly where it does not last.

const FIRST_MS = 200
const LONGEST_MS = 300_000
/** Who was in for so long starts from the beginning. */
const LASTED_MS = 60_000

export function createAgain(start: () => void, now: () => number = Date.now, random: () => number = Math.random) {
  let pause = FIRST_MS
  let lastAt = -Infinity
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Call it when the server has ended the visit. */
  return function ended(): void {
    pause = now() - lastAt > LASTED_MS ? FIRST_MS : Math.min(pause * 3, LONGEST_MS)
    clearTimeout(timer)
    timer = setTimeout(
      () => {
        lastAt = now()
        start()
      },
      pause * (0.5 + random()),
    )
  }
}
