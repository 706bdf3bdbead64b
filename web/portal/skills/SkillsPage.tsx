// Skills, and who has them: agents down, skills across, a level where they meet. Each change is saved at once.
import { ActionIcon, Button, Menu, NativeSelect } from '@mantine/core'
import { IconBulb, IconDots, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Agent, Page as PageOf, Skill } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { languageName } from 'ui/languageName'
import { PersonAvatar } from 'ui/PersonAvatar'
import { notifyProblem, ProblemState } from 'ui/ProblemAlert'
import { http, useCan, useMe } from 'ui/session'
import { useAgents, useRefresh, useSkills } from '../data/api'
import { CreateDialog } from '../setup/CreateDialog'
import { CreateButton } from '../setup/SetupList'
import { Confirm } from '../shell/Confirm'
import { Card, Page, RowsSkeleton } from '../shell/Page'
import { AgentDialog } from './AgentDialog'
import css from './Skills.module.css'
import { LEVELS, levelOf, withLevel } from './levels'

export function SkillsPage() {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const skills = useSkills()
  const agents = useAgents()
  const [naming, setNaming] = useState<Skill | 'new' | null>(null)
  const [removing, setRemoving] = useState<Skill | null>(null)
  const [editing, setEditing] = useState<Agent | null>(null)
  const problem = skills.error ?? agents.error

  async function save(name: string): Promise<void> {
    if (naming === 'new') await http.post('/v1/skills', { name })
    else if (naming) {
      await http.put(`/v1/skills/${encodeURIComponent(naming.id)}`, { name, description: naming.description })
    }
    await refresh('skills', 'audit')
  }

  return (
    <Page
      wide
      title={t('nav.skills')}
      text={t('skills.text')}
      actions={<CreateButton label={t('skills.create')} onClick={() => setNaming('new')} />}
    >
      <Card flush>
        {(skills.isPending || agents.isPending) && <RowsSkeleton rows={4} />}
        {problem && (
          <ProblemState problem={problem} onRetry={() => void Promise.all([skills.refetch(), agents.refetch()])} />
        )}
        {skills.data && agents.data && skills.data.length === 0 && (
          <EmptyState
            icon={<IconBulb />}
            title={t('skills.empty')}
            text={t('skills.empty_text')}
            action={
              <Button leftSection={<IconPlus size={16} />} onClick={() => setNaming('new')}>
                {t('skills.create')}
              </Button>
            }
          />
        )}
        {skills.data && agents.data && skills.data.length > 0 && (
          <Matrix
            skills={skills.data}
            agents={agents.data.filter((agent) => !agent.disabled_at)}
            onRename={setNaming}
            onRemove={setRemoving}
            onEdit={setEditing}
          />
        )}
      </Card>
      {skills.data && skills.data.length > 0 && <p className={css.legend}>{t('skills.legend')}</p>}
      <CreateDialog
        key={naming === null || naming === 'new' ? 'new' : naming.id}
        opened={naming !== null}
        onClose={() => setNaming(null)}
        title={t(naming === 'new' || naming === null ? 'skills.create' : 'skills.rename')}
        example={t('skills.example')}
        longest={60}
        name={naming === 'new' || naming === null ? undefined : naming.name}
        onSave={save}
      />
      <AgentDialog agent={editing} onClose={() => setEditing(null)} />
      <Confirm
        opened={removing !== null}
        onClose={() => setRemoving(null)}
        danger
        title={t('setup.remove_sure', { name: removing?.name ?? '' })}
        text={t('skills.remove_text')}
        action={t('common.remove')}
        onConfirm={async () => {
          await http.delete(`/v1/skills/${encodeURIComponent(removing?.id ?? '')}`)
          await refresh('skills', 'agents', 'rules', 'policies', 'audit')
        }}
      />
    </Page>
  )
}

function Matrix(props: {
  skills: Skill[]
  agents: Agent[]
  onRename: (skill: Skill) => void
  onRemove: (skill: Skill) => void
  onEdit: (agent: Agent) => void
}) {
  const { t, i18n } = useTranslation()
  const client = useQueryClient()
  const account = useMe().account.id
  const refresh = useRefresh()
  const managesAgents = useCan('agents.manage')

  /** Shown at once, taken back when the server says no. */
  function setLevel(agent: Agent, skill: Skill, level: number): void {
    const skills = withLevel(agent.skills, skill.id, level)
    const put = (next: Agent) =>
      client.setQueryData<PageOf<Agent>>(
        [account, 'agents'],
        (page) => page && { ...page, data: page.data.map((each) => (each.id === next.id ? next : each)) },
      )
    put({ ...agent, skills })
    http
      .put<Agent>(`/v1/agents/${encodeURIComponent(agent.id)}/skills`, { skills })
      .then(put, (problem: unknown) => {
        put(agent)
        notifyProblem(t, problem)
      })
      .then(() => refresh('policies', 'rules', 'audit'))
      .catch(() => undefined)
  }

  return (
    // Wide companies scroll sideways; the names stay in sight.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- so that a keyboard can scroll it
    <div className={css.scroll} tabIndex={0} role="region" aria-label={t('skills.matrix')}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{t('skills.agent')}</th>
            {props.skills.map((skill) => (
              <th key={skill.id} scope="col">
                <span className={css.skill}>
                  <span className="fd-truncate" title={skill.description || skill.name}>
                    {skill.name}
                  </span>
                  <Menu position="bottom-end" width={170}>
                    <Menu.Target>
                      <ActionIcon size="sm" aria-label={t('setup.actions', { name: skill.name })}>
                        <IconDots size={15} />
                      </ActionIcon>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Item leftSection={<IconPencil size={15} />} onClick={() => props.onRename(skill)}>
                        {t('skills.rename')}
                      </Menu.Item>
                      <Menu.Item
                        leftSection={<IconTrash size={15} />}
                        c="var(--mantine-color-error)"
                        onClick={() => props.onRemove(skill)}
                      >
                        {t('common.remove')}
                      </Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.agents.map((agent) => (
            <tr key={agent.id}>
              <th scope="row">
                <span className={css.agent}>
                  <PersonAvatar name={agent.name} seed={agent.id} size={28} />
                  <span className={css.who}>
                    <span className="fd-truncate">{agent.name}</span>
                    <span className={`${css.languages} fd-truncate`}>
                      {agent.languages.map((code) => languageName(code, i18n.language)).join(' · ')}
                    </span>
                  </span>
                  {managesAgents && (
                    <ActionIcon
                      size="sm"
                      aria-label={t('skills.edit_agent', { name: agent.name })}
                      onClick={() => props.onEdit(agent)}
                    >
                      <IconPencil size={15} />
                    </ActionIcon>
                  )}
                </span>
              </th>
              {props.skills.map((skill) => {
                const level = levelOf(agent.skills, skill.id)
                return (
                  <td key={skill.id} data-level={level || undefined}>
                    <NativeSelect
                      size="xs"
                      aria-label={t('skills.level_of', { name: agent.name, skill: skill.name })}
                      value={String(level)}
                      onChange={(event) => setLevel(agent, skill, Number(event.currentTarget.value))}
                      data={LEVELS.map((each) => ({ value: String(each), label: each === 0 ? '–' : String(each) }))}
                    />
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
