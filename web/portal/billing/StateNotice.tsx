// How a company stands, above its plan, with what helps.
import { Button } from '@mantine/core'
import { IconAlertTriangle, IconCalendarOff, IconHourglass, IconInfoCircle } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Billing } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { date } from 'ui/time'
import { isDeclined, useProof } from '../security/useProof'
import css from './Billing.module.css'
import { PayButton } from './PayButton'
import { daysLeft, notice } from './standing'
import { useChange } from './useBilling'

const ICONS = {
  trial: IconHourglass,
  trial_ending: IconHourglass,
  trial_bought: IconHourglass,
  cancelling: IconCalendarOff,
  grace: IconAlertTriangle,
  restricted: IconAlertTriangle,
  unheard: IconAlertTriangle,
  ended: IconInfoCircle,
}

export function StateNotice({ billing, may }: { billing: Billing; may: boolean }) {
  const { t, i18n } = useTranslation()
  const change = useChange()
  const proof = useProof()
  const found = notice(billing, Date.now())
  const stay = useMutation({
    mutationFn: () =>
      proof.run(() =>
        change({
          method: 'PUT',
          path: 'cancellation',
          body: { at_period_end: false },
          done: t('billing.done.reactivated'),
        }),
      ),
    onError: (problem) => {
      if (!isDeclined(problem)) notifyProblem(t, problem)
    },
  })
  if (!found) return null
  const Icon = ICONS[found.key]
  const words = {
    plan: t(`plan.${billing.plan}`, { defaultValue: billing.plan }),
    date: found.until ? date(found.until, i18n.language) : '',
    count: found.until ? daysLeft(found.until, Date.now()) : 0,
  }
  const owes = found.key === 'grace' || found.key === 'restricted'
  return (
    <div className={css.notice} data-tone={found.tone} role={found.tone === 'danger' ? 'alert' : 'status'}>
      {proof.dialog}
      <Icon size={20} stroke={1.8} aria-hidden />
      <div>
        <h2>{t(`billing.notice.${found.key}.title`, words)}</h2>
        <p>{t(`billing.notice.${found.key}.text`, words)}</p>
      </div>
      {may && owes && <PayButton billing={billing} />}
      {may && found.key === 'cancelling' && (
        <Button variant="default" size="xs" loading={stay.isPending} onClick={() => stay.mutate()}>
          {t('billing.reactivate')}
        </Button>
      )}
    </div>
  )
}
