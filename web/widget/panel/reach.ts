// Whether the server can be reached, judged by the requests it answers: soon enough for the visitor to hear of other ways,
// late enough not to cry over every hiccup. A connection that is away alone proves nothing; it only makes us ask.

export interface Reach {
  /** A request begins; call the answer with whether the server was there. */
  begin(): (there: boolean) => void
  /** The connection is up, or is not. `null`: none is wanted, which says nothing. */
  connection(up: boolean | null): void
}

/** Trouble that lasts this long is told. */
export const PATIENCE_MS = 3_500
const ASK_MS = 1_000
const ASK_AGAIN_MS = 5_000

export function createReach(options: {
  tell: (unreachable: boolean) => void
  /** Makes a request, whose answer comes back by `begin`. */
  ask: () => void
  now?: () => number
}): Reach {
  const now = options.now ?? Date.now
  const waiting = new Map<number, number>()
  let count = 0
  let failedAt: number | null = null
  let downAt: number | null = null
  let told = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let asking: ReturnType<typeof setTimeout> | undefined

  function judge(): void {
    clearTimeout(timer)
    const since = Math.min(failedAt ?? Infinity, ...waiting.values())
    const left = since + PATIENCE_MS - now()
    // What was told stays told until something is answered: a new attempt alone changes nothing.
    if (left <= 0) set(true)
    else if (since !== Infinity) timer = setTimeout(judge, left)
  }

  function set(unreachable: boolean): void {
    if (told === unreachable) return
    told = unreachable
    options.tell(unreachable)
  }

  function answered(): void {
    failedAt = null
    // Whoever asked before and still waits begins to wait anew.
    for (const id of waiting.keys()) waiting.set(id, now())
    set(false)
  }

  function askLater(ms: number): void {
    clearTimeout(asking)
    asking = setTimeout(() => {
      // Once it is told, the connection's own tries find the server again: a crowd that asks besides would only be in its way.
      if (downAt === null || told) return
      options.ask()
      askLater(ASK_AGAIN_MS)
    }, ms)
  }

  return {
    begin() {
      const id = ++count
      waiting.set(id, now())
      judge()
      return (there) => {
        waiting.delete(id)
        if (there) answered()
        else failedAt ??= downAt ?? now()
        judge()
      }
    },
    connection(up) {
      if (up === false && downAt === null) {
        downAt = now()
        askLater(ASK_MS)
      }
      if (up === false) return
      downAt = null
      clearTimeout(asking)
      if (up) answered()
      judge()
    },
  }
}
