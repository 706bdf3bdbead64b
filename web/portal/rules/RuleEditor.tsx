// One rule: all of its conditions, and what follows when they are met.
import { ActionIcon, Button, Group, Select, Switch, TextInput } from '@mantine/core'
import { IconArrowsSplit2, IconPlus, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { RoutingRule } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useInboxes, useRefresh, useRules, useTeams } from '../data/api'
import { EditorForm } from '../setup/EditorForm'
import { RemoveCard } from '../setup/RemoveCard'
import setup from '../setup/Setup.module.css'
import { useEditor } from '../setup/useEditor'
import { Card, Page, PageSkeleton } from '../shell/Page'
import { useUnsavedGiveUp } from '../shell/Unsaved'
import { Demands } from './Demands'
import {
  bodyOf,
  CONDITIONS,
  doesSomething,
  draftOf,
  isWhole,
  MOST_CONDITIONS,
  needsName,
  ofKind,
  PRIORITIES,
  type ConditionKind,
  type DraftCondition,
  type RuleDraft,
} from './rule'
import css from './Rules.module.css'

const NEW: RuleDraft = {
  name: '',
  active: true,
  conditions: [{ key: 0, kind: 'page_contains', name: '', value: '' }],
  require: [],
  prefer: [],
  team_id: '',
  priority: '',
  vip: false,
}

export function RuleEditor({ id }: { id: string }) {
  const { t } = useTranslation()
  const rules = useRules()
  const rule = rules.data?.find((each) => each.id === id)
  if (rule || id === 'new') return <Loaded key={id} rule={rule ?? null} />
  if (rules.isPending) return <PageSkeleton />
  return (
    <Page title={t('nav.rules')} back={{ href: '/rules', label: t('nav.rules') }}>
      {rules.isError ? (
        <ProblemState problem={rules.error} onRetry={() => void rules.refetch()} />
      ) : (
        <EmptyState icon={<IconArrowsSplit2 />} title={t('setup.gone')} />
      )}
    </Page>
  )
}

function Loaded({ rule }: { rule: RoutingRule | null }) {
  const { t } = useTranslation()
  const [, navigate] = useLocation()
  const refresh = useRefresh()
  const giveUp = useUnsavedGiveUp()
  const teams = useTeams()
  const editor = useEditor(rule ? draftOf(rule) : NEW, async (draft) => {
    const body = bodyOf(draft)
    const saved = rule
      ? await http.put<RoutingRule>(`/v1/routing-rules/${encodeURIComponent(rule.id)}`, body)
      : await http.post<RoutingRule>('/v1/routing-rules', body)
    await refresh('rules', 'policies', 'audit')
    if (!rule) {
      giveUp()
      navigate(`/rules/${saved.id}`, { replace: true })
    }
    return draftOf(saved)
  })
  const { draft, set, errors } = editor

  return (
    <Page title={rule?.name ?? t('rules.create')} back={{ href: '/rules', label: t('nav.rules') }}>
      <EditorForm editor={editor} warnings={rule?.warnings} incomplete={!isWhole(draft)}>
        <Card>
          <div className={setup.fields}>
            <TextInput
              label={t('setup.name')}
              placeholder={t('rules.example')}
              maxLength={80}
              value={draft.name}
              error={errors['name']}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            <Switch
              label={t('rules.active')}
              description={t('rules.active_text')}
              checked={draft.active}
              onChange={(event) => set({ active: event.currentTarget.checked })}
            />
          </div>
        </Card>
        <Card title={t('rules.when')} text={t('rules.when_text')}>
          <Conditions conditions={draft.conditions} errors={errors} onChange={(conditions) => set({ conditions })} />
        </Card>
        <Card title={t('rules.then')} text={doesSomething(draft) ? undefined : t('rules.then_text')}>
          <div className={setup.fields}>
            <Select
              label={t('rules.team')}
              allowDeselect={false}
              value={draft.team_id}
              error={errors['effects.team_id'] ?? errors['effects']}
              onChange={(team_id) => set({ team_id: team_id ?? '' })}
              data={[
                { value: '', label: t('rules.no_team') },
                ...(teams.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
              ]}
            />
            <Demands
              label={t('rules.require')}
              text={t('rules.require_text')}
              demands={draft.require}
              onChange={(require) => set({ require })}
            />
            <Demands
              label={t('rules.prefer')}
              text={t('rules.prefer_text')}
              demands={draft.prefer}
              onChange={(prefer) => set({ prefer })}
            />
            <Select
              label={t('rules.set_priority')}
              allowDeselect={false}
              maw={260}
              value={draft.priority}
              onChange={(priority) => set({ priority: priority ?? '' })}
              data={[
                { value: '', label: t('rules.no_priority') },
                ...PRIORITIES.map((value) => ({ value, label: t(`rules.priority.${value}`) })),
              ]}
            />
            <Switch
              label={t('rules.vip')}
              description={t('rules.vip_text')}
              checked={draft.vip}
              onChange={(event) => set({ vip: event.currentTarget.checked })}
            />
          </div>
        </Card>
      </EditorForm>
      {rule && (
        <RemoveCard
          path={`/v1/routing-rules/${encodeURIComponent(rule.id)}`}
          name={rule.name}
          text={t('rules.remove_text')}
          back="/rules"
          refresh={['rules', 'policies']}
        />
      )}
    </Page>
  )
}

function Conditions(props: {
  conditions: DraftCondition[]
  errors: Record<string, string>
  onChange: (conditions: DraftCondition[]) => void
}) {
  const { t } = useTranslation()
  const inboxes = useInboxes()
  const { conditions } = props
  const change = (key: number, part: Partial<DraftCondition>) =>
    props.onChange(conditions.map((each) => (each.key === key ? { ...each, ...part } : each)))
  const wrong = (at: number) =>
    Object.entries(props.errors).find(
      ([path]) => path === `conditions.${at}` || path.startsWith(`conditions.${at}.`),
    )?.[1]

  return (
    <>
      {conditions.length === 0 && <p className={setup.explain}>{t('rules.always_text')}</p>}
      <ul className={css.conditions}>
        {conditions.map((condition, at) => (
          <li key={condition.key}>
            <Select
              aria-label={t('rules.kind')}
              allowDeselect={false}
              value={condition.kind}
              onChange={(kind) => kind && change(condition.key, ofKind(condition, kind as ConditionKind))}
              data={CONDITIONS.map((value) => ({ value, label: t(`rules.kinds.${value}`) }))}
            />
            {needsName(condition.kind) && (
              <TextInput
                aria-label={t('rules.which')}
                placeholder={t(`rules.which_example.${condition.kind}`)}
                maxLength={80}
                value={condition.name}
                onChange={(event) => change(condition.key, { name: event.currentTarget.value })}
              />
            )}
            {condition.kind === 'hours' ? (
              <Select
                aria-label={t('rules.value')}
                description={t('rules.hours_text')}
                inputWrapperOrder={['input', 'description', 'error']}
                allowDeselect={false}
                value={condition.value}
                error={wrong(at)}
                onChange={(value) => value && change(condition.key, { value })}
                data={['open', 'closed'].map((value) => ({ value, label: t(`rules.hours.${value}`) }))}
              />
            ) : condition.kind === 'inbox' ? (
              <Select
                aria-label={t('rules.value')}
                placeholder={t('rules.choose_inbox')}
                allowDeselect={false}
                value={condition.value || null}
                error={wrong(at)}
                onChange={(value) => value && change(condition.key, { value })}
                data={(inboxes.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
              />
            ) : (
              <TextInput
                aria-label={t('rules.value')}
                placeholder={t(`rules.value_example.${condition.kind}`)}
                maxLength={200}
                value={condition.value}
                error={wrong(at)}
                onChange={(event) => change(condition.key, { value: event.currentTarget.value })}
              />
            )}
            <ActionIcon
              size="lg"
              aria-label={t('rules.remove_condition')}
              onClick={() => props.onChange(conditions.filter((each) => each.key !== condition.key))}
            >
              <IconTrash size={16} stroke={1.7} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      {conditions.length < MOST_CONDITIONS && (
        <Group mt="sm">
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={15} />}
            onClick={() => {
              const key = Math.max(-1, ...conditions.map((each) => each.key)) + 1
              props.onChange([...conditions, { key, kind: 'page_contains', name: '', value: '' }])
            }}
          >
            {t('rules.add_condition')}
          </Button>
        </Group>
      )}
    </>
  )
}
