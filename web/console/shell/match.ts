// Finds what was typed among names: every word must occur, earlier and whole-word hits come first.

export interface Candidate {
  /** What is shown and weighs most. */
  label: string
  /** Also searched, weighs less. */
  extra?: string
}

/** 0 is no match; more is better. */
export function score({ label, extra = '' }: Candidate, query: string): number {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return 1
  const head = label.toLowerCase()
  const tail = extra.toLowerCase()
  let sum = 0
  for (const word of words) {
    const at = head.indexOf(word)
    if (at === 0) sum += 4
    else if (at > 0) sum += /[\s#@._-]/.test(head[at - 1] ?? '') ? 3 : 2
    else if (tail.includes(word)) sum += 1
    else return 0
  }
  return sum
}

export function best<T extends Candidate>(candidates: readonly T[], query: string, limit: number): T[] {
  return candidates
    .map((candidate, index) => ({ candidate, index, points: score(candidate, query) }))
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points || a.index - b.index)
    .slice(0, limit)
    .map(({ candidate }) => candidate)
}
