// Assignment policies: who gets the next conversation, and what happens as a wait grows longer.
import { IconRoute } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { AssignmentPolicy, PolicyRules } from 'client/types'
import { http } from 'ui/session'
import { usePolicies, useRefresh } from '../data/api'
import { CreateDialog } from '../setup/CreateDialog'
import { CreateButton, SetupList, SetupRow } from '../setup/SetupList'
import { WarningCount } from '../setup/Warnings'
import { Card, Page } from '../shell/Page'
import { Tag } from '../shell/Tag'

/** A new one begins as the default is, or as the server would have it. */
const PLAIN: PolicyRules = {
  strategy: 'least_busy',
  sticky: true,
  language: 'prefer',
  accept_seconds: null,
  answer_seconds: null,
  absent_seconds: 120,
  auto_away_after_missed: null,
  ladder: [],
  queue_limit: null,
  when_full: { kind: 'message_form' },
}

export function PoliciesPage() {
  const { t } = useTranslation()
  const [, navigate] = useLocation()
  const refresh = useRefresh()
  const policies = usePolicies()
  const [creating, setCreating] = useState(false)

  async function create(name: string): Promise<void> {
    const rules = policies.data?.find((policy) => policy.is_default)?.rules ?? PLAIN
    const made = await http.post<AssignmentPolicy>('/v1/assignment-policies', { name, rules })
    await refresh('policies', 'audit')
    navigate(`/policies/${made.id}`)
  }

  return (
    <Page
      title={t('nav.policies')}
      text={t('policies.text')}
      actions={<CreateButton label={t('policies.create')} onClick={() => setCreating(true)} />}
    >
      <Card flush>
        <SetupList
          query={policies}
          onCreate={() => setCreating(true)}
          empty={{
            icon: <IconRoute />,
            title: t('policies.empty'),
            text: t('policies.empty_text'),
            action: t('policies.create'),
          }}
          row={(policy) => (
            <SetupRow
              key={policy.id}
              href={`/policies/${policy.id}`}
              icon={<IconRoute size={20} stroke={1.7} />}
              name={policy.name}
              text={[
                t(`policies.strategy.${policy.rules.strategy}.name`),
                policy.rules.ladder.length > 0 && t('policies.rungs', { count: policy.rules.ladder.length }),
              ]
                .filter(Boolean)
                .join(' · ')}
              aside={
                <>
                  <WarningCount warnings={policy.warnings} />
                  {policy.is_default && <Tag tone="ok">{t('policies.default')}</Tag>}
                </>
              }
            />
          )}
        />
      </Card>
      <CreateDialog
        opened={creating}
        onClose={() => setCreating(false)}
        title={t('policies.create')}
        example={t('policies.example')}
        longest={80}
        onSave={create}
      />
    </Page>
  )
}
