// One Idempotency-Key for one wish: the same form sent twice makes one company, a corrected form is another wish.
import { uuid } from 'client/http'

export interface RetryKey {
  keyFor(body: unknown): string
}

export function createRetryKey(make: () => string = uuid): RetryKey {
  let last = ''
  let key = ''
  return {
    keyFor(body) {
      const text = JSON.stringify(body)
      if (text !== last || !key) key = make()
      last = text
      return key
    },
  }
}
