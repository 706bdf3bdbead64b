// How hard a password is to guess, roughly: enough to nudge, never to refuse. The server alone decides what it takes.

export type Score = 0 | 1 | 2 | 3 | 4
/** What would help most: one of the `strength.*` words. */
export type Advice = 'empty' | 'short' | 'common' | 'repeats' | 'longer' | 'good' | 'great'

export const MIN_LENGTH = 8
const COMMON = [
  'password',
  'passw0rd',
  'qwerty',
  'letmein',
  'welcome',
  'iloveyou',
  'admin',
  'abc123',
  '123123',
  '111111',
  '888888',
  '000000',
  'woaini',
]
const RUNS = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm']

/** Length without what a guesser gets for nothing: repeated signs, keyboard runs, the words everybody uses. */
function worth(password: string): number {
  let text = password.toLowerCase()
  for (const word of COMMON) text = text.replaceAll(word, '~')
  const chars = [...text]
  let sum = 0
  chars.forEach((char, index) => {
    const before = chars[index - 1]
    const run = before !== undefined && RUNS.some((row) => row.includes(before + char) || row.includes(char + before))
    sum += char === before || run ? 0.25 : 1
  })
  return sum
}

function kinds(password: string): number {
  const found = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(password)).length
  // One Han character is drawn from thousands, as a few Latin letters together are.
  return found + (/\p{Script=Han}/u.test(password) ? 2 : 0)
}

export function strength(password: string, email = ''): { score: Score; advice: Advice } {
  const length = [...password].length
  if (length === 0) return { score: 0, advice: 'empty' }
  if (length < MIN_LENGTH) return { score: 1, advice: 'short' }
  const lower = password.toLowerCase()
  const name = email.toLowerCase().split('@')[0] ?? ''
  if (lower === email.toLowerCase() || (name.length > 3 && lower.includes(name))) return { score: 1, advice: 'common' }
  const value = worth(password)
  if (value < length / 2) {
    return { score: 1, advice: COMMON.some((word) => lower.includes(word)) ? 'common' : 'repeats' }
  }
  const points = value + kinds(password) * 1.5
  if (points < 11) return { score: 2, advice: 'longer' }
  return points < 16 ? { score: 3, advice: 'good' } : { score: 4, advice: 'great' }
}
