// Says to the company that support is in, for as long as it is; and to support where it is, and how to leave.
import { IconEye } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { SupportAccess, SupportVisit } from 'client/types'
import { http, session, useCan, useMe } from './session'
import css from './SupportBanner.module.css'
import { clock } from './time'

const LOOK_EVERY_MS = 15_000

/** What everybody in the company may know: whether support may come in, and whether it has. */
export function useSupportAccess() {
  const account = useMe().account.id
  return useQuery({
    queryKey: [account, 'support-access'],
    queryFn: ({ signal }) => http.get<SupportAccess>('/v1/account/support-access', undefined, { signal }),
    refetchInterval: LOOK_EVERY_MS,
  })
}

export function SupportBanner() {
  const me = useMe()
  return me.support ? <Visiting visit={me.support} company={me.account.name} /> : <Visited />
}

function Visiting({ visit, company }: { visit: SupportVisit; company: string }) {
  const { t, i18n } = useTranslation()
  const until = clock(visit.expires_at, i18n.language)
  return (
    <div className={css.banner} role="status">
      <IconEye size={16} aria-hidden className={css.icon} />
      <span>
        {t(visit.changes ? 'support.here_changing' : 'support.here_looking', { company, until })}{' '}
        <button type="button" onClick={() => void session.logout()}>
          {t('support.leave')}
        </button>
      </span>
    </div>
  )
}

function Visited() {
  const { t } = useTranslation()
  const manages = useCan('account.manage')
  const access = useSupportAccess()
  const visit = access.data?.visits.find((each) => each.live)
  if (!visit) return null
  return (
    <div className={css.banner} role="status">
      <IconEye size={16} aria-hidden className={css.icon} />
      <span>
        {t('support.banner', { operator: visit.operator, reason: visit.reason })}{' '}
        {manages && <a href="/portal/support">{t('support.open')}</a>}
      </span>
    </div>
  )
}
