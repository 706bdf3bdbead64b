// What a newcomer is asked for when many come at once: some work of this browser, in slices, so that the page never stands still.

import type { WidgetChallenge, WidgetProof } from 'client/types'
import { begin, block, finish, sha256, take } from './sha256'

/** How long the page may be kept waiting at a time. */
const SLICE_MS = 12
/** More than any browser should be asked for. */
const MOST_BITS = 26

const breathe = () => new Promise<void>((go) => setTimeout(go, 0))

/** The answer; null to a kind of challenge, or a size of it, that this panel does not know. */
export async function answer({ kind, challenge, bits }: WidgetChallenge): Promise<WidgetProof | null> {
  if (kind !== 'proof_of_work' || bits > MOST_BITS) return null
  return { challenge, answer: await work(challenge, bits) }
}

/** The first number with which the hash of the question begins with so many zeros. */
export async function work(challenge: string, bits: number): Promise<string> {
  const text = new TextEncoder()
  // The question is a block of its own: it is taken once, and each try goes on from there.
  const question = block()
  const digits = text.encode(sha256(challenge))
  for (let i = 0; i < 16; i++) question[i] = new DataView(digits.buffer, digits.byteOffset).getUint32(i * 4)
  const middle = begin()
  take(middle, question)
  const room = block()
  let since = performance.now()
  for (let number = 0; ; number++) {
    const state = finish(middle.slice(), room, text.encode(String(number)), 64)
    if (Math.clz32(state[0] as number) >= bits) return String(number)
    if ((number & 127) === 127 && performance.now() - since > SLICE_MS) {
      await breathe()
      since = performance.now()
    }
  }
}
