// Companies that want to come or go, and companies that were asked to.
import { Button, Group as Row } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { OrganisationView } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'
import { CreateDialog } from '../setup/CreateDialog'
import { Card } from '../shell/Page'
import css from './Group.module.css'

export function Moves({ group }: { group: OrganisationView }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [asking, setAsking] = useState(false)
  const path = `/v1/organisations/${encodeURIComponent(group.id)}/moves`
  const again = () => refresh(`group ${group.id}`, `group-overview ${group.id}`)
  const answer = useMutation({
    mutationFn: ({ account, accept }: { account: string; accept: boolean }) =>
      http.put(`${path}/${encodeURIComponent(account)}`, { accept }),
    onSuccess: again,
    onError: (problem) => notifyProblem(t, problem),
  })
  return (
    <Card
      flush
      title={t('group.moves')}
      text={t('group.moves_text')}
      aside={
        <Button size="xs" variant="default" onClick={() => setAsking(true)}>
          {t('group.ask_company')}
        </Button>
      }
    >
      <ul className={css.people}>
        {group.moves.map((move) => (
          <li key={move.account_id}>
            <span>
              {t(`group.asked.${move.asked_by}.${move.direction}`, { company: move.account_name, group: group.name })}
            </span>
            <Row gap={6} wrap="nowrap">
              {move.asked_by === 'account' && (
                <Button size="compact-sm" onClick={() => answer.mutate({ account: move.account_id, accept: true })}>
                  {t('group.agree')}
                </Button>
              )}
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => answer.mutate({ account: move.account_id, accept: false })}
              >
                {t(move.asked_by === 'account' ? 'group.refuse' : 'group.take_back')}
              </Button>
            </Row>
          </li>
        ))}
      </ul>
      <CreateDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('group.ask_company')}
        example="acct_01h455vb4pex5vsknk084sn02q"
        label={t('account_page.id')}
        longest={40}
        onSave={async (account_id) => {
          await http.post(path, { account_id, direction: 'join' })
          await again()
        }}
      />
    </Card>
  )
}
