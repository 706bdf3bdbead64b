// Lists whose order somebody chooses.

/** The same ids with one moved by a place; the same list when it cannot. */
export function moved(ids: readonly string[], id: string, by: -1 | 1): string[] {
  const from = ids.indexOf(id)
  const to = from + by
  const next = [...ids]
  if (from < 0 || to < 0 || to >= ids.length) return next
  ;[next[from], next[to]] = [next[to]!, next[from]!]
  return next
}
