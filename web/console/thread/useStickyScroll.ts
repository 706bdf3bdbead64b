// Keeps the newest message in sight while the reader is at the bottom, and the reader's place while they are not.
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'

/** Closer than this counts as "at the bottom". */
const NEAR_PX = 48

export function useStickyScroll(keys: {
  /** Changes when older messages were put on top. */ head: number
  /** Changes when something was added below. */ tail: string
}): {
  scroller: RefObject<HTMLDivElement | null>
  content: RefObject<HTMLDivElement | null>
  atBottom: boolean
  toBottom: () => void
} {
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const sticks = useRef(true)
  const fromEnd = useRef(0)
  const [atBottom, setAtBottom] = useState(true)

  const toBottom = useCallback(() => {
    sticks.current = true
    setAtBottom(true)
    const box = scroller.current
    if (box) box.scrollTop = box.scrollHeight
  }, [])

  useEffect(() => {
    const box = scroller.current
    const inner = content.current
    if (!box || !inner) return
    const onScroll = () => {
      fromEnd.current = box.scrollHeight - box.scrollTop
      sticks.current = fromEnd.current - box.clientHeight < NEAR_PX
      setAtBottom(sticks.current)
    }
    // Pictures, fonts, a growing composer and the phone's keyboard all change heights without any new message.
    const observer = new ResizeObserver(() => {
      if (sticks.current) box.scrollTop = box.scrollHeight
    })
    observer.observe(inner)
    observer.observe(box)
    box.addEventListener('scroll', onScroll, { passive: true })
    return () => {
      observer.disconnect()
      box.removeEventListener('scroll', onScroll)
    }
  }, [])

  // Distance from the end does not change when something is put on top.
  const head = useRef(keys.head)
  useLayoutEffect(() => {
    const box = scroller.current
    if (box && head.current !== keys.head && !sticks.current) box.scrollTop = box.scrollHeight - fromEnd.current
    head.current = keys.head
  }, [keys.head])

  useLayoutEffect(() => {
    const box = scroller.current
    if (box && sticks.current) box.scrollTop = box.scrollHeight
  }, [keys.tail])

  return { scroller, content, atBottom, toBottom }
}
