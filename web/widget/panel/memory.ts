// What the frame remembers between pages: the visitor's secret, the draft, the unsent messages. Where the browser denies
// frames their storage, partitioned cookies do; where it denies those too, the chat lasts as long as the page.

export type Keep = 'secret' | 'who' | 'draft' | 'config' | 'contact' | 'teased' | 'team'

export interface Memory {
  get(name: Keep): string | null
  set(name: Keep, value: string | null): void
  /** For the outbox, whose entries carry this prefix. */
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>
  prefix: string
  /** The way to the server that worked, for a while only: the next network may have better ones. */
  way: { get(): string | null; set(way: string): void }
  /** Everything about this visitor goes; the inbox's settings stay. */
  forget(): void
  /** Hears of changes made by the other tabs. */
  onChange(listener: (name: string, value: string | null) => void): () => void
}

/** About as long as one stays in one place. Not sessionStorage, which frames on other sites are often denied. */
const WAY_FRESH_MS = 30 * 60_000

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
    way: {
      get() {
        const [way = '', at] = (storage.getItem(`${base}way`) ?? '').split(' ')
        return Date.now() - Number(at) < WAY_FRESH_MS ? way : null
      },
      set(way) {
        try {
          storage.setItem(`${base}way`, `${way} ${Date.now()}`)
        } catch {
          // The next page begins at the top again.
        }
      },
    },
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

const PROBE = 'frontdesk:probe'

function usable(): Memory['storage'] {
  for (const candidate of [() => localStorage, inCookies]) {
    try {
      const storage = candidate()
      storage.setItem(PROBE, '1')
      storage.removeItem(PROBE)
      return storage
    } catch {
      // Denied: the next one.
    }
  }
  return inMemory()
}

/**
 * Chrome denies a frame on another site its localStorage once third-party cookies are blocked, as they are in every
 * private window, but grants it cookies partitioned by that site. The path keeps them out of all requests but the frame's.
 */
function inCookies(): Memory['storage'] {
  const all = () =>
    new Map(
      document.cookie.split('; ').map((pair) => {
        const at = pair.indexOf('=')
        return [decode(pair.slice(0, at)), decode(pair.slice(at + 1))]
      }),
    )
  const write = (key: string, value: string, seconds: number) => {
    const attributes = `Max-Age=${seconds}; Path=/widget/frame; Secure; SameSite=None; Partitioned`
    document.cookie = `${encodeURIComponent(key)}=${encodeURIComponent(value)}; ${attributes}`
  }
  const removeItem = (key: string) => write(key, '', 0)
  return {
    get length() {
      return all().size
    },
    key: (i) => [...all().keys()][i] ?? null,
    getItem: (key) => all().get(key) ?? null,
    setItem(key, value) {
      write(key, value, 34_000_000)
      if (all().get(key) === value) return
      // Too long for a cookie is refused in silence, and would leave the older value standing.
      removeItem(key)
      throw new Error('full')
    },
    removeItem,
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
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
