// Splits a text into words and web addresses. Only http and https become links; the text itself is never HTML.

export type Piece = { text: string; href?: string }

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`“”‘’「」『』【】《》（），。！？；：、\p{Cc}\u202a-\u202e\u2066-\u2069]+/giu

export function linkify(text: string): Piece[] {
  const pieces: Piece[] = []
  let done = 0
  for (const match of text.matchAll(ADDRESS)) {
    const found = trimEnd(match[0])
    const href = address(found)
    if (!href) continue
    if (match.index > done) pieces.push({ text: text.slice(done, match.index) })
    pieces.push({ text: found, href })
    done = match.index + found.length
  }
  if (done < text.length) pieces.push({ text: text.slice(done) })
  return pieces
}

/** A sentence's own punctuation is not part of the address, nor is a bracket that was opened before it. */
function trimEnd(found: string): string {
  let text = found
  for (;;) {
    const last = text.at(-1)!
    const closes = last === ')' ? '(' : last === ']' ? '[' : ''
    if (closes ? count(text, last) > count(text, closes) : /[.,;:!?*_~'"]/.test(last)) text = text.slice(0, -1)
    else return text
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1
}

function address(text: string): string | null {
  try {
    const url = new URL(text)
    // A user name in front of the host only serves to disguise it.
    const honest = (url.protocol === 'http:' || url.protocol === 'https:') && !url.username && !url.password
    return honest && url.hostname ? url.href : null
  } catch {
    return null
  }
}

/** An address that somebody typed into a field of its own; null for what must not be followed. */
export function safeLink(text: string | null): string | null {
  return text ? address(text) : null
}
