// One value that changes and tells. Components pick from it with a selector and render only when their pick changed.
import { useCallback, useRef, useSyncExternalStore } from 'react'

export interface Store<S> {
  get(): S
  set(change: Partial<S> | ((state: S) => Partial<S>)): void
  subscribe(listener: () => void): () => void
}

export function createStore<S extends object>(initial: S): Store<S> {
  let state = initial
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    set(change) {
      const part = typeof change === 'function' ? change(state) : change
      const keys = Object.keys(part) as (keyof S)[]
      if (keys.every((key) => Object.is(part[key], state[key]))) return
      state = { ...state, ...part }
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Arrays are equal when their items are, so that a selector may build its list anew each time. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
  return a.every((item, index) => Object.is(item, b[index]))
}

export function useSelect<S, T>(store: Store<S>, select: (state: S) => T): T {
  const last = useRef<{ value: T } | null>(null)
  const snapshot = useCallback(() => {
    const value = select(store.get())
    if (last.current && same(last.current.value, value)) return last.current.value
    last.current = { value }
    return value
  }, [store, select])
  return useSyncExternalStore(store.subscribe, snapshot)
}
