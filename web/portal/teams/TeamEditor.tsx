// One team: what it is for, who is in it, when it is open, and how it is given its conversations.
import { Checkbox, Select, Switch, Textarea, TextInput } from '@mantine/core'
import { IconUsersGroup } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Agent, Team } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { PersonAvatar } from 'ui/PersonAvatar'
import { ProblemState } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useAgents, useBrands, useHours, usePolicies, useRefresh, useTeams } from '../data/api'
import { EditorForm } from '../setup/EditorForm'
import { RemoveCard } from '../setup/RemoveCard'
import setup from '../setup/Setup.module.css'
import { useNone } from '../setup/SetupList'
import { useEditor } from '../setup/useEditor'
import { Card, Page, PageSkeleton } from '../shell/Page'
import css from './Teams.module.css'

interface Draft {
  name: string
  description: string
  public: boolean
  brand_id: string
  business_hours_id: string
  assignment_policy_id: string
  agent_ids: string[]
}

function draftOf(team: Team): Draft {
  return {
    name: team.name,
    description: team.description,
    public: team.public,
    brand_id: team.brand_id ?? '',
    business_hours_id: team.business_hours_id ?? '',
    assignment_policy_id: team.assignment_policy_id ?? '',
    agent_ids: [...team.agent_ids].sort(),
  }
}

export function TeamEditor({ id }: { id: string }) {
  const { t } = useTranslation()
  const teams = useTeams()
  const agents = useAgents()
  const team = teams.data?.find((each) => each.id === id)
  const problem = teams.error ?? agents.error
  if (team && agents.data) return <Loaded key={id} team={team} agents={agents.data} />
  if (!problem && !teams.isSuccess) return <PageSkeleton />
  return (
    <Page title={t('nav.teams')} back={{ href: '/teams', label: t('nav.teams') }}>
      {problem ? (
        <ProblemState problem={problem} onRetry={() => void Promise.all([teams.refetch(), agents.refetch()])} />
      ) : (
        <EmptyState icon={<IconUsersGroup />} title={t('setup.gone')} />
      )}
    </Page>
  )
}

function Loaded({ team, agents }: { team: Team; agents: Agent[] }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const none = useNone()
  const brands = useBrands()
  const hours = useHours()
  const policies = usePolicies()
  const path = `/v1/teams/${encodeURIComponent(team.id)}`
  const editor = useEditor(draftOf(team), async (draft) => {
    const { agent_ids, ...fields } = draft
    const whole = {
      ...fields,
      position: team.position,
      brand_id: fields.brand_id || null,
      business_hours_id: fields.business_hours_id || null,
      assignment_policy_id: fields.assignment_policy_id || null,
    }
    let saved = await http.put<Team>(path, whole)
    if (agent_ids.join() !== draftOf(saved).agent_ids.join()) {
      saved = await http.put<Team>(`${path}/members`, { agent_ids })
    }
    await refresh('teams', 'agents', 'policies', 'rules', 'audit')
    return draftOf(saved)
  })
  const { draft, set, errors } = editor
  const options = (list: { id: string; name: string }[] | undefined) =>
    (list ?? []).map(({ id, name }) => ({ value: id, label: name }))
  const standard = policies.data?.find((policy) => policy.is_default)?.name ?? ''

  return (
    <Page title={team.name} back={{ href: '/teams', label: t('nav.teams') }}>
      <EditorForm editor={editor} warnings={team.warnings} incomplete={!draft.name.trim()}>
        <Card>
          <div className={setup.fields}>
            <TextInput
              label={t('setup.name')}
              maxLength={80}
              value={draft.name}
              error={errors['name'] ?? (draft.name.trim() ? undefined : t('problem.name_invalid'))}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            <Textarea
              label={t('teams.description')}
              description={t('teams.description_text')}
              autosize
              minRows={2}
              maxLength={500}
              value={draft.description}
              error={errors['description']}
              onChange={(event) => set({ description: event.currentTarget.value })}
            />
            <Switch
              label={t('teams.public')}
              description={t('teams.public_text')}
              checked={draft.public}
              onChange={(event) => set({ public: event.currentTarget.checked })}
            />
          </div>
        </Card>
        <Card title={t('teams.who')} text={t('teams.who_text')}>
          <Members agents={agents} chosen={draft.agent_ids} onChange={(agent_ids) => set({ agent_ids })} />
        </Card>
        <Card title={t('teams.routing')}>
          <div className={setup.fields}>
            <Select
              label={t('setup.brand')}
              description={t('teams.brand_text')}
              allowDeselect={false}
              value={draft.brand_id}
              onChange={(value) => set({ brand_id: value ?? '' })}
              data={[{ value: '', label: t('setup.no_brand') }, ...options(brands.data)]}
            />
            <Select
              label={t('setup.hours')}
              description={t('teams.hours_text')}
              allowDeselect={false}
              value={draft.business_hours_id}
              onChange={(value) => set({ business_hours_id: value ?? '' })}
              data={[none(t('setup.of_inbox')), ...options(hours.data)]}
            />
            <Select
              label={t('setup.policy')}
              description={t('teams.policy_text')}
              allowDeselect={false}
              value={draft.assignment_policy_id}
              onChange={(value) => set({ assignment_policy_id: value ?? '' })}
              data={[none(t('setup.of_inbox_or', { name: standard })), ...options(policies.data)]}
            />
          </div>
        </Card>
      </EditorForm>
      <RemoveCard
        path={path}
        name={team.name}
        text={t('teams.remove_text')}
        back="/teams"
        refresh={['teams', 'agents', 'policies', 'rules', 'contents']}
      />
    </Page>
  )
}

function Members(props: { agents: Agent[]; chosen: string[]; onChange: (ids: string[]) => void }) {
  const { t } = useTranslation()
  const { chosen } = props
  const shown = props.agents
    .filter((agent) => !agent.disabled_at || chosen.includes(agent.id))
    .sort((a, b) => a.name.localeCompare(b.name))
  return (
    <ul className={css.members}>
      {shown.map((agent) => (
        <li key={agent.id}>
          <Checkbox
            checked={chosen.includes(agent.id)}
            onChange={(event) =>
              props.onChange(
                event.currentTarget.checked ? [...chosen, agent.id].sort() : chosen.filter((each) => each !== agent.id),
              )
            }
            label={
              <span className={css.member}>
                <PersonAvatar name={agent.name} seed={agent.id} size={26} />
                <span className="fd-truncate">{agent.name}</span>
                {agent.disabled_at && <span className={css.off}>{t('team.off')}</span>}
              </span>
            }
          />
        </li>
      ))}
    </ul>
  )
}
