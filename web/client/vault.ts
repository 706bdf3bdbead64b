// Unsent messages in IndexedDB: the place that has room for all of them. A browser that denies it (private windows, blocked
// storage) makes every call a quiet nothing.

import type { OutboxEntry, Vault } from './outbox'

const DATABASE = 'frontdesk'
const STORE = 'outbox'

export function openVault(): Vault {
  let opening: Promise<IDBDatabase> | undefined

  function database(): Promise<IDBDatabase> {
    opening ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1)
      request.onupgradeneeded = () => void request.result.createObjectStore(STORE)
      request.onsuccess = () => {
        // Cleared site data closes it under our feet; the next call opens a new one.
        request.result.onclose = () => void (opening = undefined)
        resolve(request.result)
      }
      request.onerror = () => reject(request.error ?? new Error('denied'))
      request.onblocked = () => reject(new Error('blocked'))
    })
    return opening
  }

  async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
    try {
      const transaction = (await database()).transaction(STORE, mode, { durability: 'strict' })
      const request = work(transaction.objectStore(STORE))
      return await new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve(request.result)
        transaction.onabort = () => reject(transaction.error ?? new Error('aborted'))
      })
    } catch {
      return null
    }
  }

  return {
    load: async (prefix) => (await run('readonly', (store) => store.getAll(range(prefix)))) ?? [],
    put: (key, entry: OutboxEntry) => void run('readwrite', (store) => store.put(entry, key)),
    remove: (key) => void run('readwrite', (store) => store.delete(key)),
  }
}

function range(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, `${prefix}\uffff`)
}
