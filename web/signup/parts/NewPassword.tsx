// A new password: with a meter that says what would help, in words as well as in colour.
import { PasswordInput, type PasswordInputProps } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { strength } from '../strength'
import css from './NewPassword.module.css'

export function NewPassword({ email, value, ...rest }: PasswordInputProps & { email?: string; value: string }) {
  const { t } = useTranslation()
  const { score, advice } = strength(value, email)
  return (
    <PasswordInput
      size="md"
      autoComplete="new-password"
      inputWrapperOrder={['label', 'input', 'error', 'description']}
      maxLength={200}
      {...rest}
      value={value}
      description={
        <span className={css.hint} data-score={score}>
          <span className={css.bars} aria-hidden>
            {[1, 2, 3, 4].map((step) => (
              <i key={step} data-on={score >= step || undefined} />
            ))}
          </span>
          <span aria-live="polite">{t(`strength.${advice}`)}</span>
        </span>
      }
      descriptionProps={{ component: 'div' }}
    />
  )
}
