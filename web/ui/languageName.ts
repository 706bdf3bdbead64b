// The name of a language in another one; its code, where the browser knows no name or the code is none.
export function languageName(locale: string, inLanguage: string): string {
  try {
    return new Intl.DisplayNames(inLanguage, { type: 'language' }).of(locale) ?? locale
  } catch {
    return locale
  }
}
