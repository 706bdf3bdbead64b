// Where a browser's clock is, in words: the only thing a session says of its place, and it says so itself.

/** Like “Berlin · Central European Time”. Nothing where it did not say, or said what no clock is called. */
export function placeWords(zone: string | null, language: string): string | null {
  if (!zone) return null
  const city = zone.split('/').at(-1)?.replaceAll('_', ' ') ?? zone
  try {
    const parts = new Intl.DateTimeFormat(language, { timeZone: zone, timeZoneName: 'longGeneric' }).formatToParts(0)
    const name = parts.find((part) => part.type === 'timeZoneName')?.value
    return name && name !== city ? `${city} · ${name}` : city
  } catch {
    return null
  }
}
