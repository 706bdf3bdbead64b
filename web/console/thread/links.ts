// Finds web and mail addresses in plain text. The parts are rendered as React text and anchors, never as HTML.

export type Part = { kind: 'text'; text: string } | { kind: 'link'; text: string; href: string }

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`，。；！？、）】》「」]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/gi

/** Punctuation after an address belongs to the sentence; a bracket only when it was opened inside the address. */
function trim(address: string): string {
  let text = address.replace(/[.,;:!?'"*_]+$/, '')
  for (const [open, close] of [
    ['(', ')'],
    ['[', ']'],
  ] as const) {
    while (text.endsWith(close) && text.split(close).length > text.split(open).length) text = text.slice(0, -1)
  }
  return text
}

export function linkParts(text: string): Part[] {
  const parts: Part[] = []
  let end = 0
  for (const match of text.matchAll(ADDRESS)) {
    const address = trim(match[0])
    const isWeb = /^https?:/i.test(address)
    if (isWeb && !URL.canParse(address)) continue
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) })
    parts.push({ kind: 'link', text: address, href: isWeb ? address : `mailto:${address}` })
    end = match.index + address.length
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) })
  return parts
}
