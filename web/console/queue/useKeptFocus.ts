// Whoever works through the line by the keyboard gives somebody away, and the row goes with the focus on it: the next one gets it.
import { useEffect, useRef, type FocusEvent, type RefObject } from 'react'

function isInDialog(element: Element | null): boolean {
  return Boolean(element?.closest('[role=dialog]'))
}

export function useKeptFocus(): {
  ref: RefObject<HTMLDivElement | null>
  onFocus: (event: FocusEvent) => void
  onBlur: () => void
  tabIndex: -1
} {
  const ref = useRef<HTMLDivElement>(null)
  const held = useRef<{ row: Element; place: number; button: number } | null>(null)

  useEffect(() => {
    let timer = 0
    const keep = () => {
      const lost = held.current
      if (!lost || lost.row.isConnected || !ref.current) return
      // A dialog that is still going has the focus, and nobody left to give it back to.
      if (isInDialog(document.activeElement)) {
        timer = window.setTimeout(keep, 100)
        return
      }
      held.current = null
      if (document.activeElement !== document.body) return
      const rows = ref.current.querySelectorAll('li')
      const row = rows[Math.min(lost.place, rows.length - 1)]
      const next = row?.querySelectorAll('button')[lost.button] ?? ref.current
      next.focus()
    }
    keep()
    return () => clearTimeout(timer)
  })

  return {
    ref,
    tabIndex: -1,
    onFocus({ target }) {
      const row = target.closest('li')
      const place = row ? [...(ref.current?.querySelectorAll('li') ?? [])].indexOf(row) : -1
      const button = row ? [...row.querySelectorAll('button')].indexOf(target as HTMLButtonElement) : -1
      held.current = row && place >= 0 && button >= 0 ? { row, place, button } : null
    },
    onBlur() {
      const left = held.current
      // A row that goes is not left: only later is it known which of the two it was.
      requestAnimationFrame(() => {
        const now = document.activeElement
        // What is asked in between is about the row, too.
        if (left?.row.isConnected && !left.row.contains(now) && !isInDialog(now)) held.current = null
      })
    },
  }
}
