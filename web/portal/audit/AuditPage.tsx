// Who did what and when, newest first: searched, taken along, and checked for tampering.
import { Button } from '@mantine/core'
import { IconHistory, IconKey, IconSettingsAutomation } from '@tabler/icons-react'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AuditEntry } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { PersonAvatar } from 'ui/PersonAvatar'
import { ProblemState } from 'ui/ProblemAlert'
import { useNow } from 'ui/RelativeTime'
import { useCan } from 'ui/session'
import { clock, crossesDay, dateTime, dayName } from 'ui/time'
import { useAgents, useApiKeys, useAudit, useInboxes, useInvitations } from '../data/api'
import { Card, Page, RowsSkeleton } from '../shell/Page'
import css from './Audit.module.css'
import { ExportMenu } from './ExportMenu'
import { Filters, NO_FILTER, queryOf, type AuditFilter } from './Filters'
import { Integrity } from './Integrity'
import { facts, params } from './words'

/** What ids are called now. A list that may not be read only leaves its ids unnamed. */
function useNames(): ReadonlyMap<string, string> {
  const people = useAgents({ enabled: useCan('agents.read') })
  const inboxes = useInboxes({ enabled: useCan('inboxes.read') })
  const invitations = useInvitations({ enabled: useCan('agents.manage') })
  const keys = useApiKeys({ enabled: useCan('api_keys.manage') })
  return new Map([
    ...[...(people.data ?? []), ...(inboxes.data ?? []), ...(keys.data ?? [])].map((thing): [string, string] => [
      thing.id,
      thing.name,
    ]),
    ...(invitations.data ?? []).map((invitation): [string, string] => [invitation.id, invitation.email]),
  ])
}

export function AuditPage() {
  const { t, i18n } = useTranslation()
  const now = useNow()
  const [filter, setFilter] = useState<AuditFilter>(NO_FILTER)
  const [words] = useDebouncedValue(filter.words, 300)
  const audit = useAudit(queryOf({ ...filter, words }))
  const narrowed = Object.keys(queryOf(filter)).length > 0
  const names = useNames()
  const entries = audit.data?.pages.flatMap((page) => page.data) ?? []

  return (
    <Page title={t('nav.audit')} text={t('audit.text')} actions={<ExportMenu query={queryOf({ ...filter, words })} />}>
      <Integrity />
      <Filters filter={filter} onChange={(change) => setFilter((now) => ({ ...now, ...change }))} />
      <Card flush>
        {audit.isPending && <RowsSkeleton rows={8} />}
        {audit.isError && entries.length === 0 && (
          <ProblemState problem={audit.error} onRetry={() => void audit.refetch()} />
        )}
        {audit.isSuccess && entries.length === 0 && (
          <EmptyState
            icon={<IconHistory />}
            title={t(narrowed ? 'audit.nothing' : 'audit.empty')}
            text={t(narrowed ? 'audit.nothing_text' : 'audit.empty_text')}
            action={
              narrowed ? (
                <Button variant="default" size="xs" onClick={() => setFilter(NO_FILTER)}>
                  {t('audit.clear')}
                </Button>
              ) : undefined
            }
          />
        )}
        {entries.length > 0 && (
          <table className={css.table}>
            <thead className="fd-sr">
              <tr>
                <th>{t('audit.what')}</th>
                <th>{t('audit.when')}</th>
              </tr>
            </thead>
            {days(entries).map((day) => (
              <tbody key={day[0]?.id}>
                <tr className={css.day}>
                  <th colSpan={2} scope="rowgroup">
                    {day[0] && dayName(t, day[0].at, now, i18n.language)}
                  </th>
                </tr>
                {day.map((entry) => (
                  <Row key={entry.id} entry={entry} names={names} />
                ))}
              </tbody>
            ))}
          </table>
        )}
        {audit.hasNextPage && (
          <div className={css.more}>
            <Button
              variant="default"
              size="xs"
              loading={audit.isFetchingNextPage}
              onClick={() => void audit.fetchNextPage()}
            >
              {t('audit.earlier')}
            </Button>
          </div>
        )}
      </Card>
    </Page>
  )
}

function days(entries: readonly AuditEntry[]): AuditEntry[][] {
  const groups: AuditEntry[][] = []
  for (const entry of entries) {
    const group = groups.at(-1)
    if (group && !crossesDay(group.at(-1)?.at, entry.at)) group.push(entry)
    else groups.push([entry])
  }
  return groups
}

function Row({ entry, names }: { entry: AuditEntry; names: ReadonlyMap<string, string> }) {
  const { t, i18n } = useTranslation()
  const known = i18n.exists(`audit.action.${entry.action}`)
  const who = entry.actor.name ?? t(`audit.actor.${entry.actor.kind}`, { defaultValue: entry.actor.kind })
  const word = (name: string, value: string) => {
    if (name === 'role') return t(`role.${value}`, { defaultValue: value })
    if (value === 'true' || value === 'false') return t(value === 'true' ? 'common.yes' : 'common.no')
    return value
  }

  return (
    <tr>
      <td>
        <div className={css.entry}>
          <Actor entry={entry} />
          <div className={css.body}>
            <div>
              <span className={css.who}>{who}</span>{' '}
              {known ? t(`audit.action.${entry.action}`, params(entry, names)) : <code>{entry.action}</code>}
            </div>
            <div className={css.facts}>
              {facts(entry, names).map((fact) => (
                <span key={fact.name}>
                  {t(`audit.fact.${fact.name}`, { defaultValue: fact.name })}: <b>{word(fact.name, fact.value)}</b>
                </span>
              ))}
              {entry.target && <code className={css.target}>{entry.target}</code>}
            </div>
          </div>
        </div>
      </td>
      <td className={css.time}>
        <time dateTime={entry.at} title={dateTime(entry.at, i18n.language)}>
          {clock(entry.at, i18n.language)}
        </time>
      </td>
    </tr>
  )
}

function Actor({ entry }: { entry: AuditEntry }) {
  if (entry.actor.kind === 'agent')
    return <PersonAvatar name={entry.actor.name} seed={entry.actor.id ?? ''} size={32} />
  const Icon = entry.actor.kind === 'api_key' ? IconKey : IconSettingsAutomation
  return (
    <span className={css.machine} aria-hidden>
      <Icon size={16} stroke={1.7} />
    </span>
  )
}
