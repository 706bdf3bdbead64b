// Back from the payment page: it is being waited for, it is there, or nothing was bought.
import { CloseButton, Loader } from '@mantine/core'
import { IconCircleCheck, IconInfoCircle } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Billing } from 'client/types'
import css from './Billing.module.css'

/** After this long something is said about it. */
const PATIENCE_MS = 30_000

export function Returned(props: { how: string; billing: Billing | undefined; onClose: () => void }) {
  const { t } = useTranslation()
  const { how, billing, onClose } = props
  const [long, setLong] = useState(false)
  const bought = (billing?.interval ?? null) !== null
  const waits = how === 'done' && !bought
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [])

  const words = () => {
    if (how !== 'done') return t('billing.returned.cancelled')
    if (waits) return t(long ? 'billing.returned.long' : 'billing.returned.waiting')
    return t('billing.returned.done', { plan: t(`plan.${billing?.plan}`, { defaultValue: billing?.plan }) })
  }
  return (
    <div className={css.notice} data-tone={how === 'done' && bought ? 'ok' : 'accent'} role="status">
      {waits ? (
        <Loader size={18} color="currentColor" />
      ) : how === 'done' ? (
        <IconCircleCheck size={20} stroke={1.8} aria-hidden />
      ) : (
        <IconInfoCircle size={20} stroke={1.8} aria-hidden />
      )}
      <div className={css.noticeLine}>{words()}</div>
      {!waits && <CloseButton size="sm" c="inherit" aria-label={t('common.close')} onClick={onClose} />}
    </div>
  )
}
