// The plan's limit is reached: what the plan includes, what helps at once, and where the larger plans are.
import { Alert, Anchor } from '@mantine/core'
import { IconStack2 } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { ApiProblem } from 'client/http'
import { useMe } from 'ui/session'

export const isLimit = (problem: unknown) => problem instanceof ApiProblem && problem.code === 'limit_reached'

export function LimitNotice({ of }: { of: 'agents' | 'inboxes' }) {
  const { t } = useTranslation()
  const { account, limits } = useMe()
  const limit = limits[of]
  return (
    <Alert color="amber" variant="light" radius="md" icon={<IconStack2 size={18} />} title={t(`limit.${of}`)}>
      {limit === null
        ? t('limit.text_unknown')
        : t(`limit.${of}_text`, { plan: t(`plan.${account.plan}`, { defaultValue: account.plan }), count: limit })}{' '}
      <Anchor component={Link} href="/billing" inherit fw={550}>
        {t('limit.compare')}
      </Anchor>
    </Alert>
  )
}
