// Which words a failure gets: by its code, then by what the server said.
import type { TFunction } from 'i18next'
import { ApiProblem } from 'client/http'

const ALIASES: Record<string, string> = { timeout: 'network', unexpected: 'internal' }

/** What to tell somebody about a failed request. */
export function problemText(t: TFunction, problem: unknown): string {
  if (!(problem instanceof ApiProblem)) return t('problem.internal')
  if (problem.status === 429 && problem.retryAfter) {
    return t('problem.rate_limited_for', { seconds: Math.ceil(problem.retryAfter) })
  }
  const code = ALIASES[problem.code] ?? problem.code
  const fallback =
    problem.detail ?? (problem.status >= 500 ? t('problem.internal') : problem.title || t('problem.internal'))
  return t(`problem.${code}`, { defaultValue: fallback })
}

/** What each form field got wrong, keyed by field name; ready for a form's `setErrors`. */
export function fieldErrors(t: TFunction, problem: unknown): Record<string, string> {
  if (!(problem instanceof ApiProblem)) return {}
  return Object.fromEntries(
    problem.errors.map((error) => [
      error.pointer.replace(/^\//, '').replaceAll('/', '.'),
      t(`problem.${error.code}`, { defaultValue: error.detail ?? t('problem.validation_failed') }),
    ]),
  )
}
