// The one place that speaks to the page's developer.

export function warn(text: string): void {
  // oxlint-disable-next-line no-console -- a silent loader on somebody else's page cannot be debugged
  console.warn(`[frontdesk] ${text}`)
}
