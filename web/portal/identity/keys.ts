// What is true of a key now.
import type { IdentityKey } from 'client/types'

/** Whether its tokens are taken. */
export function counts(key: Pick<IdentityKey, 'ends_at'>, now: number = Date.now()): boolean {
  return key.ends_at === null || Date.parse(key.ends_at) > now
}
