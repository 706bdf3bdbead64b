// A contact's labels, which routing rules look at too. Saved as they are put on and taken off.
import { TagsInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { notifyProblem } from 'ui/ProblemAlert'
import css from './Labels.module.css'

const MOST = 50
const LONGEST = 40

export function Labels({ labels, onSave }: { labels: string[]; onSave: (labels: string[]) => Promise<void> }) {
  const { t } = useTranslation()
  const [shown, setShown] = useState<string[] | null>(null)

  function change(next: string[]): void {
    setShown(next)
    onSave(next)
      .catch((problem: unknown) => notifyProblem(t, problem))
      .finally(() => setShown(null))
  }

  const value = shown ?? labels
  return (
    <div className={css.row}>
      <span className={css.label} aria-hidden>
        {t('contact.labels')}
      </span>
      <TagsInput
        size="xs"
        variant="unstyled"
        aria-label={t('contact.labels')}
        placeholder={value.length === 0 ? t('contact.add_field') : undefined}
        maxTags={MOST}
        maxLength={LONGEST}
        value={value}
        onChange={change}
        comboboxProps={{ disabled: true }}
      />
    </div>
  )
}
