// The fields these forms share, so that password managers meet the same names everywhere.
import { Button, PasswordInput, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import css from './fields.module.css'

interface FieldProps {
  value: string
  onChange: (value: string) => void
  error?: ReactNode
  autoFocus?: boolean
}

export function EmailField({ onChange, ...rest }: FieldProps) {
  const { t } = useTranslation()
  return (
    <TextInput
      size="md"
      name="email"
      type="email"
      inputMode="email"
      autoComplete="username"
      autoCapitalize="none"
      spellCheck={false}
      maxLength={254}
      label={t('field.email')}
      placeholder={t('field.email_example')}
      {...rest}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

export function PasswordField({ onChange, aside, ...rest }: FieldProps & { aside?: ReactNode }) {
  const { t } = useTranslation()
  return (
    <div className={css.password}>
      <PasswordInput
        size="md"
        name="password"
        autoComplete="current-password"
        maxLength={1000}
        label={t('field.password')}
        visibilityToggleButtonProps={{ 'aria-label': t('field.show_password') }}
        {...rest}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {aside && <span className={css.aside}>{aside}</span>}
    </div>
  )
}

export function SubmitButton({ busy, children }: { busy: boolean; children: ReactNode }) {
  return (
    <Button type="submit" size="md" fullWidth loading={busy} mt={6}>
      {children}
    </Button>
  )
}

/** The sentence under a form that leads somewhere else. */
export function Elsewhere({ children }: { children: ReactNode }) {
  return <p className={css.elsewhere}>{children}</p>
}

export const formClass = css.form ?? ''
export const pairClass = css.pair ?? ''
