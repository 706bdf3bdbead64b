// Why a conversation went to whom it went: what was asked for, who could have had it, and why the others did not.
import { Loader, Popover, ScrollArea } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Assignment, Candidate } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { RelativeTime } from 'ui/RelativeTime'
import { useAgents } from '../data/context'
import { useAssignments, usePolicies, useSkills } from '../data/queries'
import { useDuration } from '../queue/duration'
import { loadOf } from '../queue/fit'
import css from './WhyPopover.module.css'

export function WhyPopover(props: {
  conversationId: string
  opened: boolean
  onChange: (open: boolean) => void
  /** What it hangs from. */
  children: ReactNode
}) {
  const { t } = useTranslation()
  return (
    <Popover
      position="bottom-end"
      width={380}
      opened={props.opened}
      onChange={props.onChange}
      trapFocus
      returnFocus
      withRoles={false}
    >
      <Popover.Target>
        <span>{props.children}</span>
      </Popover.Target>
      <Popover.Dropdown p={0} role="dialog" aria-label={t('why.title')} className={css.dropdown ?? ''}>
        <ScrollArea.Autosize mah="min(480px, 70vh)" type="auto" className={css.root ?? ''}>
          {/* Takes the keyboard, so that Escape closes it and a screen reader begins here. */}
          <h2 className={css.title} tabIndex={-1} data-autofocus>
            {t('why.title')}
          </h2>
          {props.opened && <Assignments id={props.conversationId} />}
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  )
}

function Assignments({ id }: { id: string }) {
  const { t } = useTranslation()
  const assignments = useAssignments(id, true)
  if (assignments.isPending) return <Loader size="sm" m="md" aria-label={t('common.loading')} />
  if (assignments.isError) {
    return <ProblemState compact problem={assignments.error} onRetry={() => void assignments.refetch()} />
  }
  if (assignments.data.length === 0) return <EmptyState compact title={t('why.none')} text={t('why.none_text')} />
  return (
    <ol className={css.list}>
      {assignments.data.map((assignment, index) => (
        <Entry key={assignment.created_at} assignment={assignment} open={index === 0} />
      ))}
    </ol>
  )
}

function Entry({ assignment, open }: { assignment: Assignment; open: boolean }) {
  const { t } = useTranslation()
  const { why, agent_name: name, decided_by_name: by, created_at: at } = assignment
  const duration = useDuration()
  const who = name ?? t('why.nobody')
  const { required = [], preferred = [], candidates = [], step = 0, waited_seconds: waited } = why
  return (
    <li className={css.entry}>
      <details open={open}>
        <summary>
          <b>{by ? t('why.by', { name: who, by }) : t('why.to', { name: who })}</b>
          <RelativeTime at={at} className={css.at ?? ''} />
        </summary>
        <p>
          {t(`why.reason.${why.reason}`, { defaultValue: '' })}{' '}
          {waited !== undefined && waited > 0 && t('why.waited', { time: duration(waited) })}{' '}
          {step > 0 && t('why.steps', { count: step })}
        </p>
        <Asked title={t('why.required')} demands={required} />
        <Asked title={t('why.preferred')} demands={preferred} />
        {why.policy !== undefined && <Policy id={why.policy} />}
        {candidates.length > 0 && <Candidates list={candidates} chosen={assignment.agent_id} />}
      </details>
    </li>
  )
}

function Asked({ title, demands }: { title: string; demands: readonly { skill_id: string; level: number }[] }) {
  const { t } = useTranslation()
  const skills = useSkills(demands.length > 0)
  if (demands.length === 0) return null
  return (
    <p>
      {title}{' '}
      {demands
        .map(({ skill_id: id, level }) =>
          t('queue.skill', { name: skills.data?.find((skill) => skill.id === id)?.name ?? '…', level }),
        )
        .join(', ')}
    </p>
  )
}

function Policy({ id }: { id: string | null }) {
  const { t } = useTranslation()
  const policies = usePolicies(id !== null)
  const name = policies.data?.find((policy) => policy.id === id)?.name
  if (id !== null && !name) return null
  return <p className={css.policy}>{name ? t('why.policy', { name }) : t('why.no_policy')}</p>
}

function Candidates({ list, chosen }: { list: readonly Candidate[]; chosen: string | null }) {
  const { t } = useTranslation()
  const agents = useAgents()
  return (
    <table className={css.table}>
      <caption>{t('why.candidates')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('why.who')}</th>
          <th scope="col">{t('why.load')}</th>
          <th scope="col">{t('why.outcome')}</th>
        </tr>
      </thead>
      <tbody>
        {list.map((each) => (
          <tr key={each.agent_id} data-chosen={each.agent_id === chosen || undefined}>
            <th scope="row">{agents.find((agent) => agent.id === each.agent_id)?.name ?? '…'}</th>
            <td>{loadOf(each)}</td>
            <td>
              {each.agent_id === chosen
                ? t('why.chosen')
                : each.refused
                  ? t(`why.refused.${each.refused}`)
                  : t('why.further')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
