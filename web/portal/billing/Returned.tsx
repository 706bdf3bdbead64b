// Back from the payment page: it is being waited for, it is there, or nothing was bought.
import { Alert, Loader } from '@mantine/core'
import { IconCircleCheck, IconInfoCircle } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Billing } from 'client/types'

/** After this long something is said about it. */
const PATIENCE_MS = 30_000

export function Returned(props: { how: string; billing: Billing | undefined; onClose: () => void }) {
  const { t } = useTranslation()
  const { how, billing, onClose } = props
  const [long, setLong] = useState(false)
  const bought = (billing?.interval ?? null) !== null
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [])

  const close = { withCloseButton: true, onClose, closeButtonLabel: t('common.close') }
  if (how !== 'done')
    return (
      <Alert color="gray" radius="md" icon={<IconInfoCircle size={18} />} role="status" {...close}>
        {t('billing.returned.cancelled')}
      </Alert>
    )
  if (!bought)
    return (
      <Alert color="ink" radius="md" icon={<Loader size={16} />} role="status">
        {t(long ? 'billing.returned.long' : 'billing.returned.waiting')}
      </Alert>
    )
  return (
    <Alert color="teal" radius="md" icon={<IconCircleCheck size={18} />} role="status" {...close}>
      {t('billing.returned.done', { plan: t(`plan.${billing?.plan}`, { defaultValue: billing?.plan }) })}
    </Alert>
  )
}
