// What every editor of the setup shares: a draft beside what is saved, whether they differ, and saving with its faults by field.
import { notifications } from '@mantine/notifications'
import { useRef, useState, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldErrors } from 'ui/problem'
import { useUnsaved } from '../shell/Unsaved'

export interface Editor<D> {
  draft: D
  set: (change: Partial<D>) => void
  dirty: boolean
  busy: boolean
  problem: unknown
  /** Faults by path, with dots. */
  errors: Record<string, string>
  form: RefObject<HTMLFormElement | null>
  reset: () => void
  save: () => Promise<void>
}

/** `write` answers what was saved, as a draft: the server may have put it more neatly. */
export function useEditor<D extends object>(saved: D, write: (draft: D) => Promise<D>): Editor<D> {
  const { t } = useTranslation()
  const [draft, setDraft] = useState(saved)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const form = useRef<HTMLFormElement>(null)
  const dirty = JSON.stringify(draft) !== JSON.stringify(saved)
  useUnsaved(dirty)

  return {
    draft,
    set: (change) => setDraft((now) => ({ ...now, ...change })),
    dirty,
    busy,
    problem,
    errors: fieldErrors(t, problem),
    form,
    reset() {
      setDraft(saved)
      setProblem(null)
    },
    async save() {
      if (busy) return
      setBusy(true)
      setProblem(null)
      try {
        setDraft(await write(draft))
        notifications.show({ color: 'teal', message: t('setup.saved'), autoClose: 3000 })
      } catch (failure) {
        setProblem(failure)
        requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
      } finally {
        setBusy(false)
      }
    },
  }
}
