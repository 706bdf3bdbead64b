// Whether somebody is looking: the tab is visible and the window has the focus.
import { useSyncExternalStore } from 'react'

function subscribe(listener: () => void): () => void {
  window.addEventListener('focus', listener)
  window.addEventListener('blur', listener)
  document.addEventListener('visibilitychange', listener)
  return () => {
    window.removeEventListener('focus', listener)
    window.removeEventListener('blur', listener)
    document.removeEventListener('visibilitychange', listener)
  }
}

export const hasAttention = () => document.visibilityState === 'visible' && document.hasFocus()

export function usePageAttention(): boolean {
  return useSyncExternalStore(subscribe, hasAttention)
}
