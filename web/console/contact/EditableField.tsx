// A value that becomes a field when touched, and is saved when left.
import { TextInput, UnstyledButton } from '@mantine/core'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiProblem } from 'client/http'
import { problemText } from 'ui/problem'
import css from './EditableField.module.css'

export function EditableField(props: {
  label: string
  value: string | null
  type?: 'text' | 'email' | 'tel'
  autoComplete?: string
  onSave: (value: string | null) => Promise<void>
}) {
  const { t } = useTranslation()
  const { label, value } = props
  const [draft, setDraft] = useState<string | null>(null)
  const [shown, setShown] = useState<string | null>(null)
  const [error, setError] = useState<string | null>(null)
  const cancelled = useRef(false)
  const button = useRef<HTMLButtonElement>(null)

  async function save(): Promise<void> {
    if (draft === null || cancelled.current) return
    const next = draft.trim() || null
    if (next === (value ?? null)) return stop()
    setShown(next ?? '')
    setDraft(null)
    try {
      await props.onSave(next)
      setError(null)
    } catch (problem) {
      const field = problem instanceof ApiProblem ? problem.errors[0] : undefined
      setError(
        field
          ? t(`problem.${field.code}`, { defaultValue: field.detail ?? problemText(t, problem) })
          : problemText(t, problem),
      )
      // What was typed must not be lost with the refusal.
      setDraft(draft)
    } finally {
      setShown(null)
    }
  }

  function stop(): void {
    setDraft(null)
    setError(null)
  }

  if (draft !== null) {
    return (
      <TextInput
        size="xs"
        label={label}
        type={props.type ?? 'text'}
        value={draft}
        error={error}
        autoFocus
        autoComplete="off"
        className={css.field}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={() => void save()}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.nativeEvent.isComposing) event.currentTarget.blur()
          if (event.key === 'Escape') {
            event.stopPropagation()
            cancelled.current = true
            stop()
          }
        }}
      />
    )
  }

  const text = shown ?? value
  return (
    <UnstyledButton
      ref={button}
      className={css.row}
      onClick={() => {
        cancelled.current = false
        setDraft(value ?? '')
      }}
    >
      <span className={css.label}>{label}</span>
      <span
        className={`${css.value} fd-truncate`}
        data-empty={!text || undefined}
        data-saving={shown !== null || undefined}
      >
        {text || t('contact.add_field')}
      </span>
      {text && <span className="fd-sr">{t('contact.edit_field')}</span>}
    </UnstyledButton>
  )
}
