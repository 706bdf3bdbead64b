// A rule in one line: when this, then that.
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import type { Condition, Demand, Effects } from 'client/types'
import { useInboxes, useSkills, useTeams } from '../data/api'

export interface RuleWords {
  condition: (condition: Condition) => string
  conditions: (conditions: readonly Condition[]) => string
  effects: (effects: Effects) => string[]
  demand: (demand: Demand) => string
}

export function useRuleWords(): RuleWords {
  const { t } = useTranslation()
  const skills = useSkills()
  const teams = useTeams()
  const inboxes = useInboxes()
  const name = (list: { id: string; name: string }[] | undefined, id: string) =>
    list?.find((each) => each.id === id)?.name ?? '…'
  const demand = ({ skill_id, level }: Demand) => t('rules.demand', { name: name(skills.data, skill_id), level })
  const condition = (each: Condition) => conditionWords(t, each, (id) => name(inboxes.data, id))
  return {
    demand,
    condition,
    conditions: (all) => (all.length === 0 ? t('rules.always') : all.map(condition).join(t('rules.and'))),
    effects: ({ team_id, require, prefer, priority, vip }) => [
      ...(team_id ? [t('rules.effect.team', { name: name(teams.data, team_id) })] : []),
      ...(require.length > 0 ? [t('rules.effect.require', { skills: require.map(demand).join(', ') })] : []),
      ...(prefer.length > 0 ? [t('rules.effect.prefer', { skills: prefer.map(demand).join(', ') })] : []),
      ...(priority ? [t('rules.effect.priority', { priority: t(`rules.priority.${priority}`) })] : []),
      ...(vip ? [t('rules.effect.vip')] : []),
    ],
  }
}

function conditionWords(t: TFunction, condition: Condition, inbox: (id: string) => string): string {
  switch (condition.kind) {
    case 'contact_tag':
      return t('rules.is.contact_tag', { value: condition.tag })
    case 'page_contains':
      return t('rules.is.page_contains', { value: condition.text })
    case 'attribute':
      return t('rules.is.attribute', { name: condition.name, value: condition.equals })
    case 'answer':
      return t('rules.is.answer', { name: condition.key, value: condition.equals })
    case 'inbox':
      return t('rules.is.inbox', { value: inbox(condition.inbox_id) })
    case 'hours':
      return t(condition.open ? 'rules.is.open' : 'rules.is.closed')
    default:
      return t(`rules.is.${condition.kind}`, { value: condition.equals })
  }
}
