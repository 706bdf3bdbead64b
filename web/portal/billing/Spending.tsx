// Whether usage stops, and which letters about usage and money are sent.
import { Button, Checkbox, NumberInput, Skeleton, Switch } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Billing, Currency } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { notifyProblem, ProblemAlert, ProblemState } from 'ui/ProblemAlert'
import { useCan } from 'ui/session'
import { useBilling } from '../data/api'
import { Card } from '../shell/Page'
import css from './Billing.module.css'
import { digits, major, minor, sign } from './money'
import { useChange } from './useBilling'

export function Spending() {
  const { t } = useTranslation()
  const billing = useBilling()
  const may = useCan('billing.manage')
  return (
    <Card title={t('billing.spending.title')} text={t('billing.spending.text')} id="spending">
      {billing.isPending && <Skeleton height={164} />}
      {billing.isError && <ProblemState compact problem={billing.error} onRetry={() => void billing.refetch()} />}
      {billing.data && (
        <div className={css.spending}>
          <HardLimit billing={billing.data} may={may} />
          <Alerts
            // What another admin has saved meanwhile is shown, not overwritten.
            key={JSON.stringify([billing.data.alerts, billing.data.currency])}
            billing={billing.data}
            may={may}
          />
        </div>
      )}
    </Card>
  )
}

function HardLimit({ billing, may }: { billing: Billing; may: boolean }) {
  const { t } = useTranslation()
  const change = useChange()
  // Without a paid plan, and while one is tried, nothing is charged, so usage always stops at what is included.
  const trying = billing.state === 'trialing'
  const paid = billing.interval !== null && !trying
  // Where it was put, until the server has said so: it does not spring back in between.
  const [wish, setWish] = useState<boolean | null>(null)
  const save = useMutation({
    mutationFn: (enabled: boolean) =>
      change({
        method: 'PUT',
        path: 'hard-limit',
        body: { enabled },
        done: t(enabled ? 'billing.done.stops' : 'billing.done.goes_on'),
      }),
    onError: (problem) => notifyProblem(t, problem),
    onSettled: () => setWish(null),
  })
  return (
    <Switch
      label={t('billing.spending.hard')}
      description={t(`billing.spending.${trying ? 'hard_trial' : paid ? 'hard_text' : 'hard_free'}`)}
      checked={paid ? (wish ?? billing.hard_limit) : true}
      disabled={!may || !paid || wish !== null}
      onChange={(event) => {
        setWish(event.currentTarget.checked)
        save.mutate(event.currentTarget.checked)
      }}
    />
  )
}

function Alerts({ billing, may }: { billing: Billing; may: boolean }) {
  const { t, i18n } = useTranslation()
  const change = useChange()
  const { alerts } = billing
  const currency: Currency = billing.currency ?? 'usd'
  const [included, setIncluded] = useState(alerts.included)
  const [wants, setWants] = useState(alerts.budget_minor !== null)
  const [budget, setBudget] = useState<number | string>(
    alerts.budget_minor === null ? '' : major(alerts.budget_minor, currency),
  )
  // While its end is still a nought, what is typed is a text.
  const amount = budget === '' ? NaN : Number(budget)
  const budget_minor = wants && Number.isFinite(amount) ? minor(amount, currency) : null
  const dirty = included !== alerts.included || budget_minor !== alerts.budget_minor
  const missing = wants && budget_minor === null
  const save = useMutation({
    mutationFn: () =>
      change({ method: 'PUT', path: 'alerts', body: { included, budget_minor }, done: t('billing.done.alerts') }),
  })
  const errors = fieldErrors(t, save.error)
  return (
    <form
      noValidate
      className={css.alerts}
      onSubmit={(event) => {
        event.preventDefault()
        if (dirty && !missing) save.mutate()
      }}
    >
      <Checkbox
        label={t('billing.spending.included')}
        description={t('billing.spending.included_text')}
        checked={included}
        disabled={!may}
        onChange={(event) => setIncluded(event.currentTarget.checked)}
      />
      {billing.interval !== null && (
        <div className={css.budget}>
          <Checkbox
            label={t('billing.spending.budget')}
            description={t('billing.spending.budget_text')}
            checked={wants}
            disabled={!may}
            onChange={(event) => setWants(event.currentTarget.checked)}
          />
          {wants && (
            <NumberInput
              aria-label={t('billing.spending.amount')}
              w={170}
              min={0}
              hideControls
              decimalScale={digits(currency)}
              thousandSeparator
              prefix={`${sign(currency, i18n.language)} `}
              disabled={!may}
              value={budget}
              error={errors['budget_minor']}
              onChange={setBudget}
            />
          )}
        </div>
      )}
      {Object.keys(errors).length === 0 && <ProblemAlert problem={save.error} />}
      {may && (
        <div>
          <Button type="submit" size="xs" loading={save.isPending} disabled={!dirty || missing}>
            {t('common.save')}
          </Button>
        </div>
      )}
    </form>
  )
}
