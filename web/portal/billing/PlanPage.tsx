// The plan: how it stands, what it costs, and everything that can be done about it.
import { Skeleton } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation, useSearch } from 'wouter'
import type { Billing, Catalogue, Currency, Interval, Offer } from 'client/types'
import { ProblemState } from 'ui/ProblemAlert'
import { session, useCan, useMe } from 'ui/session'
import { useBilling, useCatalogue } from '../data/api'
import { Card, Page, Stack } from '../shell/Page'
import css from './Billing.module.css'
import { BuyDialog } from './BuyDialog'
import { ChangeDialog } from './ChangeDialog'
import { CurrentPlan } from './CurrentPlan'
import { likelyCurrency } from './offers'
import { PlanCards } from './PlanCards'
import { Returned } from './Returned'
import { StateNotice } from './StateNotice'

const LOOK_EVERY_MS = 20_000
/** Somebody has just paid: the provider's word comes within seconds. */
const WAIT_EVERY_MS = 1_000

export function PlanPage() {
  const { t } = useTranslation()
  const me = useMe()
  const returned = new URLSearchParams(useSearch()).get('checkout')
  const [, navigate] = useLocation()
  const [waits, setWaits] = useState(returned === 'done')
  const billing = useBilling({ every: waits ? WAIT_EVERY_MS : LOOK_EVERY_MS })
  const catalogue = useCatalogue()
  const bought = (billing.data?.interval ?? null) !== null
  const problem = billing.error ?? catalogue.error

  useEffect(() => {
    if (!waits || !bought) return
    setWaits(false)
    // What the plan allows stands in the session.
    void session.reload().catch(() => undefined)
  }, [waits, bought])

  return (
    <Page wide title={t('nav.plan')} text={t('billing.text', { company: me.account.name })}>
      <Stack>
        {returned && (
          <Returned
            how={returned}
            billing={billing.data}
            onClose={() => {
              setWaits(false)
              navigate('/billing', { replace: true })
            }}
          />
        )}
        {billing.data && catalogue.data ? (
          <Plans billing={billing.data} catalogue={catalogue.data} />
        ) : problem ? (
          <Card>
            <ProblemState
              problem={problem}
              onRetry={() => {
                void billing.refetch()
                void catalogue.refetch()
              }}
            />
          </Card>
        ) : (
          <div role="status" aria-label={t('common.loading')} className={css.waiting}>
            <Skeleton height={196} radius={14} />
            <Skeleton height={36} width={300} radius={8} />
            <div className={css.plans}>
              <Skeleton height={420} radius={14} />
              <Skeleton height={420} radius={14} />
              <Skeleton height={420} radius={14} />
            </div>
          </div>
        )}
      </Stack>
    </Page>
  )
}

type Opened = { what: 'buy' | 'change'; offer: Offer; interval: Interval } | null

function Plans({ billing, catalogue }: { billing: Billing; catalogue: Catalogue }) {
  const { t, i18n } = useTranslation()
  const may = useCan('billing.manage')
  const [opened, setOpened] = useState<Opened>(null)
  const [wished, setWished] = useState<Currency | null>(null)
  const [interval, setInterval] = useState<Interval>(billing.interval ?? 'month')
  // A subscription keeps its currency.
  const currency = billing.currency ?? wished ?? likelyCurrency(i18n.language, navigator.language, catalogue.currencies)
  const present = catalogue.plans.find((offer) => offer.id === billing.plan)
  const close = () => setOpened(null)

  return (
    <>
      <StateNotice billing={billing} may={may} />
      <CurrentPlan
        billing={billing}
        offer={present}
        may={may}
        onSeats={
          present && (() => setOpened({ what: 'change', offer: present, interval: billing.interval ?? 'month' }))
        }
      />
      {billing.plan === 'private' ? (
        <p className={css.note}>{t('billing.private')}</p>
      ) : (
        <PlanCards
          billing={billing}
          catalogue={catalogue}
          may={may}
          currency={currency}
          onCurrency={setWished}
          interval={interval}
          onInterval={setInterval}
          onChoose={(what, offer) => setOpened({ what, offer, interval })}
        />
      )}
      {opened?.what === 'buy' && (
        <BuyDialog
          billing={billing}
          catalogue={catalogue}
          offer={opened.offer}
          start={{ interval: opened.interval, currency }}
          onClose={close}
        />
      )}
      {opened?.what === 'change' && (
        <ChangeDialog billing={billing} offer={opened.offer} interval={opened.interval} onClose={close} />
      )}
    </>
  )
}
