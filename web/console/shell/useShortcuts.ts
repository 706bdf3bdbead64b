// Single-key shortcuts. They keep out of the way of typing, of dialogs, and of the browser's own keys.
import { useEffect, useRef } from 'react'

const isApple = /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? '')
export const MOD = isApple ? '⌘' : 'Ctrl'
export const ALT = isApple ? '⌥' : 'Alt'

/** What a key event is called here: "j", "?", "mod+k", "Escape". */
export function nameOf(event: Pick<KeyboardEvent, 'key' | 'metaKey' | 'ctrlKey' | 'altKey'>): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  return event.metaKey || event.ctrlKey ? `mod+${key}` : event.altKey ? `alt+${key}` : key
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}

/** Closed menus may stay in the document, hidden. */
function inDialog(): boolean {
  const overlays = document.querySelectorAll('[role="dialog"], [role="menu"], [role="listbox"]')
  return [...overlays].some((overlay) => overlay.checkVisibility())
}

export function useShortcuts(shortcuts: Record<string, () => void>): void {
  const latest = useRef(shortcuts)
  useEffect(() => {
    latest.current = shortcuts
  })

  useEffect(() => {
    function onKeyDown(event: KeyboardEvent): void {
      if (event.defaultPrevented || event.isComposing) return
      const name = nameOf(event)
      const act = latest.current[name]
      if (!act) return
      const single = !/^(mod|alt)\+/.test(name)
      if (single && (isTyping(event.target) || inDialog())) return
      event.preventDefault()
      act()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [])
}
