// What the page says of the talk to come: a few texts, numbers and booleans by name. Cut to what the server takes, for a page
// that says too much must not cost its visitor the first message.

export type About = Record<string, string | number | boolean>

const MOST = 50
const LONGEST_NAME = 60
const LONGEST_TEXT = 1000

export function readAbout(input: unknown): About {
  const about: About = {}
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return about
  for (const [name, value] of Object.entries(input).slice(0, MOST)) {
    if (!name || name.length > LONGEST_NAME) continue
    if (typeof value === 'string') about[name] = value.slice(0, LONGEST_TEXT)
    else if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) about[name] = value
  }
  return about
}
