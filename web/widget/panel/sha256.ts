// SHA-256 in plain words, for pages that are served without TLS: a browser offers its own there to nobody. And fast enough to be
// asked for a hundred thousand times.

// prettier-ignore
const K = Uint32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
)
const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19]

/** How far a hash has come: its eight words. */
export type State = Uint32Array
/** Room for one block of 16 words and what is made of them. */
export type Block = Uint32Array

const at = (words: Uint32Array, i: number) => words[i] as number
const turn = (word: number, by: number) => (word >>> by) | (word << (32 - by))

export const begin = (): State => Uint32Array.from(START)
export const block = (): Block => new Uint32Array(64)

/** Takes the first 16 words of a block into the state. */
export function take(state: State, w: Block): void {
  for (let i = 16; i < 64; i++) {
    const x = at(w, i - 15)
    const y = at(w, i - 2)
    const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)
    const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10)
    w[i] = (at(w, i - 16) + s0 + at(w, i - 7) + s1) | 0
  }
  let a = at(state, 0)
  let b = at(state, 1)
  let c = at(state, 2)
  let d = at(state, 3)
  let e = at(state, 4)
  let f = at(state, 5)
  let g = at(state, 6)
  let h = at(state, 7)
  for (let i = 0; i < 64; i++) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)
    const one = (h + s1 + ((e & f) ^ (~e & g)) + at(K, i) + at(w, i)) | 0
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  const next = [a, b, c, d, e, f, g, h]
  for (const [i, word] of next.entries()) state[i] = (at(state, i) + word) | 0
}

/** Writes bytes `from` … into a block, with the end mark and the length where they belong. True when it was the last block. */
function fill(w: Block, bytes: Uint8Array, from: number, before: number): boolean {
  w.fill(0, 0, 16)
  const left = Math.min(64, bytes.length - from)
  for (let i = 0; i < left; i++) put(w, i, bytes[from + i] as number)
  if (left >= 0 && left < 64) put(w, left, 0x80)
  const last = left < 56
  if (last) w[15] = (before + bytes.length) * 8
  return last
}

function put(w: Block, i: number, byte: number): void {
  w[i >> 2] = at(w, i >> 2) | (byte << (24 - (i & 3) * 8))
}

/** Takes the end of a message, of which `before` bytes have been taken already. */
export function finish(state: State, w: Block, bytes: Uint8Array, before = 0): State {
  for (let from = 0; ; from += 64) {
    const last = fill(w, bytes, from, before)
    take(state, w)
    if (last) return state
  }
}

/** The hash as hexadecimal digits. */
export const hex = (state: State) => [...state].map((word) => word.toString(16).padStart(8, '0')).join('')

export const sha256 = (text: string) => hex(finish(begin(), block(), new TextEncoder().encode(text)))
