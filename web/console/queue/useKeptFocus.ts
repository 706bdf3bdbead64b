// Whoever works through the line by the keyboard gives somebody away, and the row goes with the focus on it: the next one gets it.
import { useEffect, useRef, type FocusEvent, type RefObject } from 'react'

/** What is chosen or asked about a row stands beside the board: in a menu, in a dialog. */
function isAside(element: Element | null): boolean {
  return Boolean(element?.closest('[role=dialog], [role=menu]'))
}

export function useKeptFocus(): {
  ref: RefObject<HTMLDivElement | null>
  onFocus: (event: FocusEvent) => void
  onBlur: (event: FocusEvent) => void
  tabIndex: -1
} {
  const ref = useRef<HTMLDivElement>(null)
  const held = useRef<{ row: Element; place: number; button: number } | null>(null)

  useEffect(() => {
    let timer = 0
    const keep = () => {
      const lost = held.current
      if (!lost || lost.row.isConnected || !ref.current) return
      // A menu or dialog that is still going has the focus, and nobody left to give it back to.
      if (isAside(document.activeElement)) {
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
      // The menu of a row is its child for React, whose events rise to the board: the row still has it.
      if (!ref.current?.contains(target)) return
      const row = target.closest('li')
      const place = row ? [...ref.current.querySelectorAll('li')].indexOf(row) : -1
      const button = row ? [...row.querySelectorAll('button')].indexOf(target as HTMLButtonElement) : -1
      held.current = row && place >= 0 && button >= 0 ? { row, place, button } : null
    },
    onBlur({ target }) {
      const left = held.current
      const cameFromAside = !ref.current?.contains(target)
      // A row that goes is not left: only later is it known which of the two it was.
      requestAnimationFrame(() => {
        if (held.current !== left || !left?.row.isConnected) return
        const now = document.activeElement
        // Between a menu and the question that follows from it nothing has the focus, and nobody has left.
        const isBetween = cameFromAside && now === document.body
        if (!left.row.contains(now) && !isAside(now) && !isBetween) held.current = null
      })
    },
  }
}
