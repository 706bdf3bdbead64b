// Where an inbox's conversations go: its brand, its team, its policy and hours, and how much of a place each of them takes.
import { NumberInput, Select } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Inbox } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useBrands, useHours, usePolicies, useRefresh, useTeams } from '../data/api'
import { useNone } from '../setup/SetupList'
import { Card } from '../shell/Page'
import css from './InboxForm.module.css'

type Change = Partial<Pick<Inbox, 'brand_id' | 'team_id' | 'assignment_policy_id' | 'business_hours_id' | 'weight'>>

export function InboxRouting({ inbox }: { inbox: Inbox }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const account = useMe().account.id
  const refresh = useRefresh()
  const none = useNone()
  const brands = useBrands()
  const teams = useTeams()
  const policies = usePolicies()
  const hours = useHours()
  const [weight, setWeight] = useState<number | string>(inbox.weight)
  const options = (list: { id: string; name: string }[] | undefined) =>
    (list ?? []).map(({ id, name }) => ({ value: id, label: name }))
  const standard = policies.data?.find((policy) => policy.is_default)?.name ?? ''

  /** Each is a choice of its own, saved when it is made. */
  function change(part: Change): void {
    http
      .patch<Inbox>(`/v1/inboxes/${encodeURIComponent(inbox.id)}`, part)
      .then((saved) => {
        client.setQueryData([account, `inbox ${inbox.id}`], saved)
        notifications.show({ color: 'teal', message: t('setup.saved'), autoClose: 2500 })
        return refresh('inboxes', 'policies', 'teams', 'audit')
      })
      .catch((problem: unknown) => notifyProblem(t, problem))
  }

  function commitWeight(): void {
    if (typeof weight === 'number' && weight >= 1 && weight <= 100) {
      if (weight !== inbox.weight) change({ weight })
    } else setWeight(inbox.weight)
  }

  return (
    <div style={{ marginTop: 18 }}>
      <Card title={t('inbox_routing.title')} text={t('inbox_routing.text')}>
        <div className={css.fields}>
          <Select
            label={t('setup.brand')}
            allowDeselect={false}
            value={inbox.brand_id ?? ''}
            onChange={(value) => change({ brand_id: value || null })}
            data={[{ value: '', label: t('setup.no_brand') }, ...options(brands.data)]}
          />
          <Select
            label={t('inbox_routing.team')}
            description={t('inbox_routing.team_text')}
            allowDeselect={false}
            value={inbox.team_id ?? ''}
            onChange={(value) => change({ team_id: value || null })}
            data={[{ value: '', label: t('inbox_routing.everybody') }, ...options(teams.data)]}
          />
          <Select
            label={t('setup.policy')}
            description={t('inbox_routing.policy_text')}
            allowDeselect={false}
            value={inbox.assignment_policy_id ?? ''}
            onChange={(value) => change({ assignment_policy_id: value || null })}
            data={[none(standard), ...options(policies.data)]}
          />
          <Select
            label={t('setup.hours')}
            allowDeselect={false}
            value={inbox.business_hours_id ?? ''}
            onChange={(value) => change({ business_hours_id: value || null })}
            data={[none(t('inbox_routing.hours_of_brand')), ...options(hours.data)]}
          />
          <NumberInput
            label={t('inbox_routing.weight')}
            description={t('inbox_routing.weight_text')}
            suffix=" %"
            maw={220}
            min={1}
            max={100}
            clampBehavior="blur"
            allowDecimal={false}
            value={weight}
            onChange={setWeight}
            onBlur={commitWeight}
            onKeyDown={(event) => {
              if (event.key === 'Enter') event.currentTarget.blur()
            }}
          />
        </div>
      </Card>
    </div>
  )
}
