// What the page says of the talk to come: a few texts, numbers and booleans by name. Cut to what the server takes, for a page
// that says too much must not cost its visitor the first message.

export type About = Record<string, string | number | boolean>

const MOST = 50
const LONGEST_NAME = 60
const LONGEST_TEXT = 1000
/** Of all texts together: a message that goes with more is refused for its size. */
const LONGEST = 20_000

/** The server takes no zeros and no halves of a character, of which a cut leaves one when it goes through an emoji. */
function text(value: string, most: number): string {
  return value
    .slice(0, most)
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '')
}

export function readAbout(input: unknown): About {
  const about: About = {}
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return about
  let left = LONGEST
  for (const [given, value] of Object.entries(input)) {
    const name = text(given, LONGEST_NAME + 1)
    if (!name || name.length > LONGEST_NAME) continue
    if (Object.keys(about).length === MOST) break
    if (typeof value === 'string') {
      const taken = text(value, Math.min(LONGEST_TEXT, left))
      left -= taken.length
      about[name] = taken
    } else if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) about[name] = value
  }
  return about
}
