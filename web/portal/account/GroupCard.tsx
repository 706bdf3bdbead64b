// Which group the company is in, and a move that waits for its owner's answer.
import { Button, Group } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useMutation } from '@tanstack/react-query'
import { Link } from 'wouter'
import type { AccountGroup } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useAccountGroup, useRefresh } from '../data/api'
import { Card } from '../shell/Page'

export function GroupCard() {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const { agent } = useMe()
  const group = useAccountGroup()
  const answer = useMutation({
    mutationFn: (body: { organisation_id: string; accept: boolean }) =>
      http.put('/v1/account/organisation/moves', body),
    onSuccess: () => refresh('account-group', 'groups', 'audit'),
    onError: (problem) => notifyProblem(t, problem),
  })
  const ask = useMutation({
    mutationFn: (organisation_id: string) =>
      http.post('/v1/account/organisation/moves', { organisation_id, direction: 'leave' }),
    onSuccess: () => refresh('account-group'),
    onError: (problem) => notifyProblem(t, problem),
  })
  const owner = agent.role === 'owner'
  if (!group.data || (!group.data.organisation && !group.data.pending)) return null
  const { organisation, pending }: AccountGroup = group.data

  return (
    <Card
      title={t('group.card')}
      text={organisation ? t('group.card_in', { group: organisation.name }) : t('group.card_none')}
    >
      {pending && (
        <>
          <p>
            {t(`group.asked.${pending.asked_by}.${pending.direction}`, {
              company: pending.account_name,
              group: pending.organisation_name,
            })}
          </p>
          {owner && (
            <Group gap="xs" mt="sm">
              {pending.asked_by === 'organisation' && (
                <Button
                  size="xs"
                  loading={answer.isPending}
                  onClick={() => answer.mutate({ organisation_id: pending.organisation_id, accept: true })}
                >
                  {t('group.agree')}
                </Button>
              )}
              <Button
                size="xs"
                variant="default"
                onClick={() => answer.mutate({ organisation_id: pending.organisation_id, accept: false })}
              >
                {t(pending.asked_by === 'organisation' ? 'group.refuse' : 'group.take_back')}
              </Button>
            </Group>
          )}
        </>
      )}
      {organisation && !pending && owner && (
        <Group gap="xs">
          <Button size="xs" variant="default" component={Link} href="/group">
            {t('group.open')}
          </Button>
          <Button size="xs" variant="subtle" color="red" onClick={() => ask.mutate(organisation.id)}>
            {t('group.ask_leave')}
          </Button>
        </Group>
      )}
    </Card>
  )
}
