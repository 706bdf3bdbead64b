// The frame's end of the line to the loader. The loader puts a nonce and its page's origin into our fragment; a page that
// lies about its origin gets no messages, for the browser delivers them to that origin only.

import { seal, unseal, type FromFrame, type ToFrame } from '../shared/protocol'

export interface Bridge {
  /** Whether a loader is there at all; a frame opened on its own has none. */
  embedded: boolean
  send(message: FromFrame): void
}

export function createBridge(receive: (message: ToFrame) => void): Bridge {
  const fragment = new URLSearchParams(location.hash.slice(1))
  const nonce = fragment.get('n') ?? ''
  const origin = fragment.get('o') ?? ''
  const embedded = window.parent !== window && nonce.length >= 16 && /^https?:\/\/[^/]+$/.test(origin)
  if (!embedded) return { embedded, send: () => undefined }

  addEventListener('message', (event) => {
    const message = unseal<ToFrame>(event, { source: window.parent, origin, nonce })
    if (message) receive(message)
  })
  return {
    embedded,
    send: (message) => window.parent.postMessage(seal(nonce, message), origin),
  }
}
