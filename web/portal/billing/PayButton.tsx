// To where an open payment is settled: its own page, or the provider's page for cards and addresses.
import { Button } from '@mantine/core'
import { IconExternalLink } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Billing } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { goTo } from './useBilling'

export function PayButton({ billing }: { billing: Billing }) {
  const { t } = useTranslation()
  const label = t('billing.pay_now')
  const icon = <IconExternalLink size={15} aria-hidden />
  if (billing.payment_url)
    return (
      <Button component="a" href={billing.payment_url} size="xs" rightSection={icon}>
        {label}
      </Button>
    )
  return billing.provider === 'local' ? null : <ProviderButton label={label} primary />
}

/** The provider's own page, for cards, addresses and tax numbers. */
export function ProviderButton({ label, primary }: { label: string; primary?: boolean }) {
  const { t } = useTranslation()
  const open = useMutation({
    mutationFn: () => goTo('portal'),
    onError: (problem) => notifyProblem(t, problem),
  })
  return (
    <Button
      size="xs"
      variant={primary ? 'filled' : 'default'}
      rightSection={<IconExternalLink size={15} aria-hidden />}
      // The page is left as soon as it has worked.
      loading={open.isPending || open.isSuccess}
      onClick={() => open.mutate()}
    >
      {label}
    </Button>
  )
}
