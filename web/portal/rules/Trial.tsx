// Tries the rules on a conversation that has not happened: what would apply, and what would come of it.
import { Button, Select, TagsInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { RuleOutcome } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useInboxes, useRules, useTeams } from '../data/api'
import setup from '../setup/Setup.module.css'
import { Card } from '../shell/Page'
import { instantOf } from './rule'
import css from './Rules.module.css'
import { useRuleWords } from './words'

export function Trial({ onOutcome }: { onOutcome: (ruleIds: string[]) => void }) {
  const { t } = useTranslation()
  const inboxes = useInboxes()
  const teams = useTeams()
  const rules = useRules()
  const words = useRuleWords()
  const [inbox, setInbox] = useState<string | null>(null)
  const [locale, setLocale] = useState('')
  const [url, setUrl] = useState('')
  const [intent, setIntent] = useState('')
  const [tags, setTags] = useState<string[]>([])
  const [team, setTeam] = useState('')
  const [at, setAt] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const [outcome, setOutcome] = useState<RuleOutcome | null>(null)
  const chosen = inbox ?? inboxes.data?.[0]?.id ?? null

  async function run(): Promise<void> {
    if (!chosen) return
    setBusy(true)
    setProblem(null)
    try {
      const result = await http.post<RuleOutcome>('/v1/routing-rules/test', {
        inbox_id: chosen,
        locale: locale.trim() || null,
        tags,
        at: instantOf(at),
        start: {
          page: url.trim() ? { url: url.trim(), title: '', referrer: '' } : null,
          team_id: team || null,
          attributes: intent.trim() ? { intent: intent.trim() } : {},
        },
      })
      setOutcome(result)
      onOutcome(result.rule_ids)
    } catch (failure) {
      setProblem(failure)
      setOutcome(null)
      onOutcome([])
    } finally {
      setBusy(false)
    }
  }

  const followed = outcome
    ? words.effects({
        team_id: outcome.team_id,
        require: outcome.demands.required,
        prefer: outcome.demands.preferred,
        priority: outcome.priority,
        vip: outcome.vip,
      })
    : []

  return (
    <Card title={t('rules.try')} text={t('rules.try_text')}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void run()
        }}
      >
        <div className={css.trial}>
          <Select
            label={t('rules.kinds.inbox')}
            allowDeselect={false}
            value={chosen}
            onChange={setInbox}
            data={(inboxes.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          />
          <TextInput
            label={t('rules.page')}
            placeholder="https://shop.example/de/tea"
            maxLength={2000}
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          <TextInput
            label={t('rules.kinds.locale')}
            placeholder="de"
            maxLength={35}
            value={locale}
            onChange={(event) => setLocale(event.currentTarget.value)}
          />
          <TextInput
            label={t('rules.kinds.intent')}
            placeholder={t('rules.value_example.intent')}
            maxLength={200}
            value={intent}
            onChange={(event) => setIntent(event.currentTarget.value)}
          />
          <TagsInput label={t('rules.kinds.contact_tag')} maxTags={20} value={tags} onChange={setTags} />
          <Select
            label={t('rules.chosen_team')}
            allowDeselect={false}
            value={team}
            onChange={(value) => setTeam(value ?? '')}
            data={[
              { value: '', label: t('rules.nothing_chosen') },
              ...(teams.data ?? []).filter((each) => each.public).map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
          <TextInput
            type="datetime-local"
            label={t('rules.begins')}
            description={t('rules.begins_text')}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            value={at}
            onChange={(event) => setAt(event.currentTarget.value)}
          />
        </div>
        <ProblemAlert problem={problem} />
        <Button type="submit" variant="light" loading={busy} disabled={!chosen} mt="md">
          {t('rules.run')}
        </Button>
      </form>
      <div role="status" className={css.outcome}>
        {outcome && (
          <>
            <h3>
              {outcome.rule_ids.length === 0
                ? t('rules.none_match')
                : t('rules.match', { count: outcome.rule_ids.length })}
            </h3>
            {outcome.rule_ids.length > 0 && (
              <p className={setup.explain}>
                {outcome.rule_ids.map((id) => rules.data?.find((rule) => rule.id === id)?.name ?? '…').join(' → ')}
              </p>
            )}
            <ul>
              {followed.map((line) => (
                <li key={line}>{line}</li>
              ))}
              {followed.length === 0 && <li>{t('rules.nothing_asked')}</li>}
            </ul>
          </>
        )}
      </div>
    </Card>
  )
}
