// Priority as signal bars; urgent is a filled mark of its own.
import type { Priority } from 'client/types'
import { useTranslation } from 'react-i18next'

const BARS = { none: 0, low: 1, medium: 2, high: 3, urgent: 4 } as const

/** `decorative` where the same words stand beside it. */
export function PriorityIcon({
  priority,
  size,
  decorative,
}: {
  priority: Priority | null
  size: number
  decorative?: boolean
}) {
  const { t } = useTranslation()
  const label = t(priority ? `priority.${priority}` : 'priority.none')
  const spoken = decorative ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label }
  if (priority === 'urgent') {
    return (
      <svg width={size} height={size} viewBox="0 0 16 16" {...spoken}>
        <rect x="1.5" y="1.5" width="13" height="13" rx="3.5" fill="var(--fd-danger)" />
        <path d="M8 4.4v4.4M8 11.4v.1" stroke="var(--fd-canvas)" strokeWidth="1.9" strokeLinecap="round" />
      </svg>
    )
  }
  const lit = BARS[priority ?? 'none']
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" {...spoken} fill="currentColor">
      {[1, 2, 3].map((bar) => (
        <rect
          key={bar}
          x={bar * 4.4 - 2.4}
          y={13 - bar * 3.4}
          width="2.8"
          height={bar * 3.4}
          rx="1"
          opacity={bar <= lit ? 1 : 0.28}
        />
      ))}
    </svg>
  )
}
