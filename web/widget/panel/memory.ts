// What the frame remembers between pages: the visitor's secret, the draft, the unsent messages. When the browser blocks
// storage in frames, memory has to do, and the chat lasts as long as the page.

export type Keep = 'secret' | 'draft' | 'config' | 'contact' | 'teased'

export interface Memory {
  get(name: Keep): string | null
  set(name: Keep, value: string | null): void
  /** For the outbox, whose entries carry this prefix. */
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>
  prefix: string
  /** Everything about this visitor goes; the inbox's settings stay. */
  forget(): void
  /** Hears of changes made by the other tabs. */
  onChange(listener: (name: string, value: string | null) => void): () => void
}

export function createMemory(inboxKey: string): Memory {
  const storage = usable()
  const base = `frontdesk:${inboxKey}:`
  const prefix = `${base}outbox:`
  return {
    get(name) {
      try {
        return storage.getItem(base + name)
      } catch {
        return null
      }
    },
    set(name, value) {
      try {
        if (value === null || value === '') storage.removeItem(base + name)
        else storage.setItem(base + name, value)
      } catch {
        // Full or withdrawn: what is on screen stays, only the next page will not know it.
      }
    },
    storage,
    prefix,
    forget() {
      const keys = Array.from({ length: storage.length }, (_, i) => storage.key(i))
      for (const key of keys) if (key?.startsWith(base) && key !== `${base}config`) storage.removeItem(key)
    },
    onChange(listener) {
      const heard = (event: StorageEvent) => {
        if (event.key?.startsWith(base)) listener(event.key.slice(base.length), event.newValue)
      }
      addEventListener('storage', heard)
      return () => removeEventListener('storage', heard)
    },
  }
}

function usable(): Memory['storage'] {
  try {
    const probe = 'frontdesk:probe'
    localStorage.setItem(probe, '1')
    localStorage.removeItem(probe)
    return localStorage
  } catch {
    return inMemory()
  }
}

function inMemory(): Memory['storage'] {
  const map = new Map<string, string>()
  return {
    get length() {
      return map.size
    },
    key: (i) => [...map.keys()][i] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  }
}
