// Sites that may show the widget. People paste whole addresses; the server wants host names.

export const MOST_DOMAINS = 50

/** The host of what was typed, or null when there is none in it. `*.` before it means every site below. */
export function parseDomain(text: string): string | null {
  let host = text.trim().toLowerCase()
  host = host.replace(/^[a-z][a-z0-9+.-]*:\/\//, '').replace(/[/?#].*$/, '')
  const star = host.startsWith('*.')
  if (star) host = host.slice(2)
  const [name = '', port] = host.split(':')
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) return null
  const labels = name.split('.')
  const good = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  if (!good || name.length > 253 || (labels.length < 2 && name !== 'localhost')) return null
  return `${star ? '*.' : ''}${name}${port === undefined ? '' : `:${port}`}`
}

/** Many at once, as pasted: separated by commas, spaces or lines. */
export function parseDomains(text: string): { good: string[]; bad: string[] } {
  const good = new Set<string>()
  const bad: string[] = []
  for (const part of text.split(/[\s,;，；]+/).filter(Boolean)) {
    const domain = parseDomain(part)
    if (domain) good.add(domain)
    else bad.push(part)
  }
  return { good: [...good], bad }
}
