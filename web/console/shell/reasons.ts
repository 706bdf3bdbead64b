// The usual reasons to be away. They are stored as these words and shown in the reader's language; what somebody wrote stays theirs.
import { useTranslation } from 'react-i18next'

export const REASONS = ['break', 'lunch', 'meeting', 'training'] as const

export function useReasonWords(): (reason: string | null) => string | null {
  const { t } = useTranslation()
  return (reason) => {
    const known = REASONS.find((each) => each === reason)
    return known ? t(`presence.reason.${known}`) : reason
  }
}
