// The page's own listeners. One that throws must not stop the others, nor us.

export type WidgetEvent = 'ready' | 'open' | 'close' | 'unread' | 'message' | 'identity' | 'error'
export type Listener = (detail?: unknown) => void

const EVENTS: readonly string[] = ['ready', 'open', 'close', 'unread', 'message', 'identity', 'error']

export interface Emitter {
  on(event: string, listener: unknown): void
  off(event: string, listener?: unknown): void
  emit(event: WidgetEvent, detail?: unknown): void
}

export function createEmitter(): Emitter {
  const listeners = new Map<string, Set<Listener>>()
  return {
    on(event, listener) {
      if (typeof listener !== 'function' || !EVENTS.includes(event)) return
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set.add(listener as Listener))
    },
    off(event, listener) {
      if (listener === undefined) listeners.delete(event)
      else listeners.get(event)?.delete(listener as Listener)
    },
    emit(event, detail) {
      for (const listener of [...(listeners.get(event) ?? [])]) {
        try {
          listener(detail)
        } catch (error) {
          // Reported as the page's own uncaught error, which is what it is.
          setTimeout(() => {
            throw error
          })
        }
      }
    },
  }
}
