// One policy: who is chosen, how long they may think and answer, how demands are eased, and what happens when the line is full.
import { Button, NumberInput, Radio, Select, Switch, TextInput } from '@mantine/core'
import { IconRoute } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { AssignmentPolicy, PolicyRules, Strategy } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { notifyProblem, ProblemState } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { usePolicies, useRefresh, useTeams } from '../data/api'
import { EditorForm } from '../setup/EditorForm'
import { RemoveCard } from '../setup/RemoveCard'
import setup from '../setup/Setup.module.css'
import { useEditor } from '../setup/useEditor'
import { Card, Page, PageSkeleton } from '../shell/Page'
import { Tag } from '../shell/Tag'
import { draftOf as ladderDraft, isWhole, rungsOf, type DraftRung } from './ladder'
import { Ladder } from './Ladder'
import css from './Policies.module.css'

interface Draft {
  name: string
  rules: Omit<PolicyRules, 'ladder'>
  ladder: DraftRung[]
}

function draftOf({ name, rules: { ladder, ...rules } }: AssignmentPolicy): Draft {
  return { name, rules, ladder: ladderDraft(ladder) }
}

export function PolicyEditor({ id }: { id: string }) {
  const { t } = useTranslation()
  const policies = usePolicies()
  const policy = policies.data?.find((each) => each.id === id)
  if (policy) return <Loaded key={id} policy={policy} />
  if (policies.isPending) return <PageSkeleton />
  return (
    <Page title={t('nav.policies')} back={{ href: '/policies', label: t('nav.policies') }}>
      {policies.isError ? (
        <ProblemState problem={policies.error} onRetry={() => void policies.refetch()} />
      ) : (
        <EmptyState icon={<IconRoute />} title={t('setup.gone')} />
      )}
    </Page>
  )
}

const STRATEGIES: Strategy[] = ['least_busy', 'round_robin', 'best_skill', 'manual']

function Loaded({ policy }: { policy: AssignmentPolicy }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const teams = useTeams()
  const path = `/v1/assignment-policies/${encodeURIComponent(policy.id)}`
  const editor = useEditor(draftOf(policy), async ({ name, rules, ladder }) => {
    const body = { name, rules: { ...rules, ladder: rungsOf(ladder) } }
    const saved = await http.put<AssignmentPolicy>(path, body)
    await refresh('policies', 'audit')
    return draftOf(saved)
  })
  const { draft, set, errors } = editor
  const { rules } = draft
  const change = (part: Partial<Draft['rules']>) => set({ rules: { ...rules, ...part } })
  const manual = rules.strategy === 'manual'

  function makeDefault(): void {
    http
      .put('/v1/assignment-policies/default', { assignment_policy_id: policy.id })
      .then(() => refresh('policies', 'audit'))
      .catch((problem: unknown) => notifyProblem(t, problem))
  }

  return (
    <Page
      title={policy.name}
      back={{ href: '/policies', label: t('nav.policies') }}
      actions={
        policy.is_default ? (
          <Tag tone="ok">{t('policies.default')}</Tag>
        ) : (
          <Button variant="default" onClick={makeDefault}>
            {t('policies.make_default')}
          </Button>
        )
      }
    >
      <EditorForm
        editor={editor}
        warnings={policy.warnings}
        incomplete={!draft.name.trim() || !isWhole(rules, draft.ladder)}
      >
        <Card>
          <TextInput
            label={t('setup.name')}
            maxLength={80}
            value={draft.name}
            error={errors['name'] ?? (draft.name.trim() ? undefined : t('problem.name_invalid'))}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
        </Card>
        <Card title={t('policies.who')} text={t('policies.who_text')}>
          <div className={setup.fields}>
            <Radio.Group
              aria-label={t('policies.who')}
              value={rules.strategy}
              onChange={(value) => change({ strategy: value as Strategy })}
            >
              <div className={css.strategies}>
                {STRATEGIES.map((each) => (
                  <Radio.Card key={each} value={each} className={css.strategy ?? ''} radius="md">
                    <Radio.Indicator size="xs" />
                    <span>
                      <strong>{t(`policies.strategy.${each}.name`)}</strong>
                      <span>{t(`policies.strategy.${each}.text`)}</span>
                    </span>
                  </Radio.Card>
                ))}
              </div>
            </Radio.Group>
            {!manual && (
              <>
                <Switch
                  label={t('policies.sticky')}
                  description={t('policies.sticky_text')}
                  checked={rules.sticky}
                  onChange={(event) => change({ sticky: event.currentTarget.checked })}
                />
                <Select
                  label={t('policies.language')}
                  description={t('policies.language_text')}
                  allowDeselect={false}
                  value={rules.language}
                  onChange={(value) => value && change({ language: value as PolicyRules['language'] })}
                  data={(['ignore', 'prefer', 'require'] as const).map((value) => ({
                    value,
                    label: t(`policies.languages.${value}`),
                  }))}
                />
              </>
            )}
          </div>
        </Card>
        {!manual && (
          <Card title={t('policies.times')} text={t('policies.times_text')}>
            <div className={setup.fields}>
              <Optional
                label={t('policies.accept')}
                text={t('policies.accept_text')}
                unit={t('policies.in_seconds')}
                value={rules.accept_seconds}
                usual={30}
                least={5}
                most={300}
                error={errors['rules.accept_seconds']}
                onChange={(accept_seconds) => change({ accept_seconds })}
              />
              {rules.accept_seconds !== null && (
                <Optional
                  label={t('policies.missed')}
                  text={t('policies.missed_text')}
                  unit={t('policies.in_offers')}
                  value={rules.auto_away_after_missed}
                  usual={3}
                  least={1}
                  most={10}
                  error={errors['rules.auto_away_after_missed']}
                  onChange={(auto_away_after_missed) => change({ auto_away_after_missed })}
                />
              )}
              <Optional
                label={t('policies.answer')}
                text={t('policies.answer_text')}
                unit={t('policies.in_seconds')}
                value={rules.answer_seconds}
                usual={300}
                least={30}
                most={3600}
                error={errors['rules.answer_seconds']}
                onChange={(answer_seconds) => change({ answer_seconds })}
              />
              <NumberInput
                label={t('policies.absent')}
                description={t('policies.absent_text')}
                suffix={` ${t('policies.in_seconds')}`}
                maw={260}
                min={15}
                max={3600}
                clampBehavior="blur"
                allowDecimal={false}
                value={rules.absent_seconds}
                error={errors['rules.absent_seconds']}
                onChange={(value) => typeof value === 'number' && change({ absent_seconds: value })}
              />
            </div>
          </Card>
        )}
        {!manual && (
          <Card title={t('policies.ladder')} text={t('policies.ladder_text')}>
            <Ladder ladder={draft.ladder} errors={errors} onChange={(ladder) => set({ ladder })} />
          </Card>
        )}
        <Card title={t('policies.line')} text={t('policies.line_text')}>
          <div className={setup.fields}>
            <Optional
              label={t('policies.limit')}
              text={t('policies.limit_text')}
              unit={t('policies.in_people')}
              value={rules.queue_limit}
              usual={20}
              least={1}
              most={10_000}
              error={errors['rules.queue_limit']}
              onChange={(queue_limit) => change({ queue_limit })}
            />
            {rules.queue_limit !== null && (
              <Select
                label={t('policies.full')}
                allowDeselect={false}
                value={rules.when_full.kind}
                onChange={(kind) => {
                  if (kind === 'overflow_to_team') change({ when_full: { kind, team_id: '' } })
                  else if (kind === 'message_form' || kind === 'refuse') change({ when_full: { kind } })
                }}
                data={(['message_form', 'refuse', 'overflow_to_team'] as const).map((value) => ({
                  value,
                  label: t(`policies.when_full.${value}`),
                }))}
              />
            )}
            {rules.queue_limit !== null && rules.when_full.kind === 'overflow_to_team' && (
              <Select
                label={t('policies.to_team')}
                placeholder={t('policies.choose_team')}
                allowDeselect={false}
                value={rules.when_full.team_id || null}
                error={errors['rules.when_full.team_id']}
                onChange={(team_id) => team_id && change({ when_full: { kind: 'overflow_to_team', team_id } })}
                data={(teams.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
              />
            )}
          </div>
        </Card>
      </EditorForm>
      {!policy.is_default && (
        <RemoveCard
          path={path}
          name={policy.name}
          text={t('policies.remove_text')}
          back="/policies"
          refresh={['policies', 'teams', 'inboxes']}
        />
      )}
    </Page>
  )
}

/** A number that may be left out altogether, and what that means. */
function Optional(props: {
  label: string
  text: string
  unit: string
  value: number | null
  usual: number
  least: number
  most: number
  error?: string
  onChange: (value: number | null) => void
}) {
  const { value } = props
  return (
    <div className={css.optional}>
      <Switch
        label={props.label}
        description={props.text}
        checked={value !== null}
        onChange={(event) => props.onChange(event.currentTarget.checked ? props.usual : null)}
      />
      {value !== null && (
        <NumberInput
          aria-label={props.label}
          suffix={` ${props.unit}`}
          w={150}
          min={props.least}
          max={props.most}
          clampBehavior="blur"
          allowDecimal={false}
          value={value}
          error={props.error}
          onChange={(next) => typeof next === 'number' && props.onChange(next)}
        />
      )}
    </div>
  )
}
