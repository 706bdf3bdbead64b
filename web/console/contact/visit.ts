// What a browser says about itself, made short. For display only: nothing is decided by it.

/** "Chrome on Windows", or null for something unheard of. */
export function deviceOf(userAgent: string): string | null {
  const browser = [
    [/MicroMessenger/i, 'WeChat'],
    [/Edg(?:e|A|iOS)?\//, 'Edge'],
    [/OPR\/|Opera/, 'Opera'],
    [/SamsungBrowser/, 'Samsung Internet'],
    [/Firefox|FxiOS/, 'Firefox'],
    [/Chrome|CriOS/, 'Chrome'],
    [/Safari/, 'Safari'],
  ].find(([pattern]) => (pattern as RegExp).test(userAgent))?.[1] as string | undefined
  const system = [
    [/iPhone|iPod/, 'iPhone'],
    [/iPad/, 'iPad'],
    [/Android/, 'Android'],
    [/Windows/, 'Windows'],
    [/Mac OS X|Macintosh/, 'macOS'],
    [/CrOS/, 'ChromeOS'],
    [/Linux/, 'Linux'],
  ].find(([pattern]) => (pattern as RegExp).test(userAgent))?.[1] as string | undefined
  return browser && system ? `${browser} · ${system}` : (browser ?? system ?? null)
}

/** A page's address as a safe link and a short text; null for anything that is not a web page. */
export function webAddress(url: string): { href: string; short: string } | null {
  if (!URL.canParse(url)) return null
  const parsed = new URL(url)
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return null
  const path = parsed.pathname === '/' ? '' : decode(parsed.pathname)
  return { href: parsed.href, short: parsed.host + path }
}

function decode(path: string): string {
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}
