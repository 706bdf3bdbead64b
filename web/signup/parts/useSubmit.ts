// Sending a form: busy while it is under way, refusals sorted into fields and the rest, the first bad field focused.
import { useRef, useState, type FormEvent, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiProblem } from 'client/http'
import { fieldErrors, problemText } from 'ui/problem'

export interface Submit {
  busy: boolean
  /** A refusal no field can show. */
  problem: unknown
  /** What is wrong, by field name. */
  errors: Record<string, string>
  form: RefObject<HTMLFormElement | null>
  onSubmit: (event: FormEvent<HTMLFormElement>) => void
  /** A touched field is no longer wrong. */
  touch: (field: string) => void
}

export function useSubmit(options: {
  /** Wrong before asking the server: field name → word of `problem.*`. */
  check?: () => Record<string, string | false | undefined>
  send: () => Promise<void>
  /** Codes that belong to a field although the server names none. */
  fieldOf?: Record<string, string>
}): Submit {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const [errors, setErrors] = useState<Record<string, string>>({})
  const form = useRef<HTMLFormElement>(null)

  function show(found: Record<string, string>): void {
    setErrors(found)
    // After the fields have rendered as invalid.
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
  }

  async function run(): Promise<void> {
    if (busy) return
    setProblem(null)
    const wrong = Object.entries(options.check?.() ?? {}).filter(([, code]) => code) as [string, string][]
    if (wrong.length > 0) return show(Object.fromEntries(wrong.map(([field, code]) => [field, t(`problem.${code}`)])))
    setErrors({})
    setBusy(true)
    try {
      await options.send()
    } catch (failure) {
      const field = failure instanceof ApiProblem ? options.fieldOf?.[failure.code] : undefined
      const found = field ? { [field]: problemText(t, failure) } : fieldErrors(t, failure)
      const shown = Object.keys(found).filter((name) => form.current?.elements.namedItem(name))
      show(found)
      if (shown.length === 0) setProblem(failure)
    } finally {
      setBusy(false)
    }
  }

  return {
    busy,
    problem,
    errors,
    form,
    onSubmit: (event) => {
      event.preventDefault()
      void run()
    },
    touch: (field) =>
      setErrors((before) => {
        const { [field]: _, ...rest } = before
        return rest
      }),
  }
}

export const looksLikeEmail = (text: string) => /^[^\s@]+@[^\s@]+\.[^\s@]+$|@localhost$/.test(text.trim())
