// Narrowing the log: words, what it is about, by whom, since when.
import { Select, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useCan } from 'ui/session'
import { useAgents } from '../data/api'
import css from './Audit.module.css'

export interface AuditFilter {
  words: string
  noun: string
  actor: string
  /** So many days; none when empty. */
  days: string
}

export const NO_FILTER: AuditFilter = { words: '', noun: '', actor: '', days: '' }
const NOUNS = [
  'account',
  'agent',
  'api_key',
  'inbox',
  'invitation',
  'role',
  'team',
  'organisation',
  'contact',
  'data_export',
  'retention',
  'masking',
  'address_block',
  'spam_guard',
  'audit',
  'access',
  'login',
]

/** What the server is asked. The beginning of the day, so that the question stays the same while one reads. */
export function queryOf(filter: AuditFilter, now = new Date()): Record<string, string> {
  const query: Record<string, string> = {}
  if (filter.words.trim()) query['query'] = filter.words.trim()
  if (filter.noun) query['action'] = filter.noun
  if (filter.actor) query['actor_id'] = filter.actor
  if (filter.days) {
    const from = new Date(now)
    from.setHours(0, 0, 0, 0)
    from.setDate(from.getDate() - Number(filter.days) + 1)
    query['from'] = from.toISOString()
  }
  return query
}

export function Filters(props: { filter: AuditFilter; onChange: (change: Partial<AuditFilter>) => void }) {
  const { t } = useTranslation()
  const { filter, onChange } = props
  const people = useAgents({ enabled: useCan('agents.read') })
  return (
    <div className={css.filters} role="search">
      <TextInput
        type="search"
        leftSection={<IconSearch size={16} />}
        aria-label={t('audit.search')}
        placeholder={t('audit.search_text')}
        maxLength={100}
        value={filter.words}
        onChange={(event) => onChange({ words: event.currentTarget.value })}
      />
      <Select
        aria-label={t('audit.noun')}
        allowDeselect={false}
        value={filter.noun}
        onChange={(value) => onChange({ noun: value ?? '' })}
        data={[
          { value: '', label: t('audit.noun_all') },
          ...NOUNS.map((value) => ({ value, label: t(`audit.about.${value}`) })),
        ]}
      />
      <Select
        aria-label={t('audit.who')}
        allowDeselect={false}
        searchable
        value={filter.actor}
        onChange={(value) => onChange({ actor: value ?? '' })}
        data={[
          { value: '', label: t('audit.who_all') },
          ...(people.data ?? []).map((agent) => ({ value: agent.id, label: agent.name })),
        ]}
      />
      <Select
        aria-label={t('audit.since')}
        allowDeselect={false}
        value={filter.days}
        onChange={(value) => onChange({ days: value ?? '' })}
        data={[
          { value: '', label: t('audit.since_all') },
          ...[1, 7, 30, 90].map((count) => ({ value: String(count), label: t('audit.since_days', { count }) })),
        ]}
      />
    </div>
  )
}
