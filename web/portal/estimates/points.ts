// The points of the chart: a scale that suits seconds and hours alike, and what they say in a sentence.

export interface WaitPoint {
  predicted: number
  actual: number
}

const TICKS = [10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400]

/** From the shortest to the longest, by ratios; both axes share it, so that the line of rightness is straight. */
export function scaleOf(points: readonly WaitPoint[]): (seconds: number) => number {
  const ticks = ticksOf(points)
  const [low, high] = [Math.log(ticks[0] ?? 1), Math.log(ticks.at(-1) ?? 2)]
  return (seconds) => Math.min(1, Math.max(0, (Math.log(Math.max(1, seconds)) - low) / (high - low)))
}

/** The round times that enclose all points; always two at least. */
export function ticksOf(points: readonly WaitPoint[]): number[] {
  const all = points.flatMap(({ predicted, actual }) => [predicted, actual])
  const [low, high] = [Math.min(...all, 60), Math.max(...all, 300)]
  const first = TICKS.findLastIndex((tick) => tick <= low)
  const last = TICKS.findIndex((tick) => tick >= high)
  return TICKS.slice(Math.max(0, first), last < 0 ? undefined : last + 1)
}

/** How many waits were shorter, about as long (within a quarter), and longer than was said. */
export function tally(points: readonly WaitPoint[]): { shorter: number; right: number; longer: number } {
  const counts = { shorter: 0, right: 0, longer: 0 }
  for (const { predicted, actual } of points) {
    if (Math.abs(actual - predicted) <= predicted / 4) counts.right++
    else if (actual < predicted) counts.shorter++
    else counts.longer++
  }
  return counts
}
