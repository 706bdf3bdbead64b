// Routing rules: what is asked for, by what is known of a conversation when it begins. All that match apply, in this order.
import { ActionIcon, Switch } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconArrowsSplit2 } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { RoutingRule } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useRefresh, useRules } from '../data/api'
import { moved } from '../setup/order'
import setup from '../setup/Setup.module.css'
import { CreateButton, SetupList, SetupRow } from '../setup/SetupList'
import { WarningCount } from '../setup/Warnings'
import { Card, Page, Stack } from '../shell/Page'
import { Tag } from '../shell/Tag'
import { Trial } from './Trial'
import { useRuleWords } from './words'

export function RulesPage() {
  const { t } = useTranslation()
  const [, navigate] = useLocation()
  const refresh = useRefresh()
  const rules = useRules()
  const words = useRuleWords()
  const [matched, setMatched] = useState<string[]>([])
  const ids = (rules.data ?? []).map((rule) => rule.id)
  const create = () => navigate('/rules/new')

  function guard(work: Promise<unknown>): void {
    work.then(() => refresh('rules', 'audit')).catch((problem: unknown) => notifyProblem(t, problem))
  }

  function toggle({ id, name, conditions, effects }: RoutingRule, active: boolean): void {
    guard(http.put(`/v1/routing-rules/${encodeURIComponent(id)}`, { name, conditions, effects, active }))
  }

  return (
    <Page
      title={t('nav.rules')}
      text={t('rules.text')}
      actions={<CreateButton label={t('rules.create')} onClick={create} />}
    >
      <Stack>
        <Card flush>
          <SetupList
            query={rules}
            onCreate={create}
            empty={{
              icon: <IconArrowsSplit2 />,
              title: t('rules.empty'),
              text: t('rules.empty_text'),
              action: t('rules.create'),
            }}
            row={(rule) => {
              const at = ids.indexOf(rule.id)
              return (
                <SetupRow
                  key={rule.id}
                  href={`/rules/${rule.id}`}
                  icon={<b>{at + 1}</b>}
                  name={rule.name}
                  text={`${words.conditions(rule.conditions)} → ${words.effects(rule.effects).join(', ')}`}
                  aside={
                    <>
                      <WarningCount warnings={rule.warnings} />
                      {matched.includes(rule.id) && <Tag tone="ok">{t('rules.matches')}</Tag>}
                    </>
                  }
                  tools={
                    <div className={setup.tools}>
                      <Switch
                        size="sm"
                        aria-label={t('rules.active_of', { name: rule.name })}
                        checked={rule.active}
                        onChange={(event) => toggle(rule, event.currentTarget.checked)}
                        mr="xs"
                      />
                      <ActionIcon
                        aria-label={t('setup.up', { name: rule.name })}
                        disabled={at === 0}
                        onClick={() => guard(http.put('/v1/routing-rules/order', { ids: moved(ids, rule.id, -1) }))}
                      >
                        <IconArrowUp size={16} />
                      </ActionIcon>
                      <ActionIcon
                        aria-label={t('setup.down', { name: rule.name })}
                        disabled={at === ids.length - 1}
                        onClick={() => guard(http.put('/v1/routing-rules/order', { ids: moved(ids, rule.id, 1) }))}
                      >
                        <IconArrowDown size={16} />
                      </ActionIcon>
                    </div>
                  }
                />
              )
            }}
          />
        </Card>
        {ids.length > 0 && <Trial onOutcome={setMatched} />}
      </Stack>
    </Page>
  )
}
