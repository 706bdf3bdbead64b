// For how long what is kept: a switch and a number for each kind, and what a choice would erase before it is made.
import { Button, NumberInput, Skeleton, Switch } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Retention, RetentionChoice, RetentionPreview } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert, ProblemState } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { Card } from '../shell/Page'
import { useUnsaved } from '../shell/Unsaved'
import css from './Data.module.css'
import { choiceOf, isShorter, KINDS, type Kind, sameChoice } from './retention'

export function RetentionCard() {
  const { t } = useTranslation()
  const account = useMe().account.id
  const query = useQuery({
    queryKey: [account, 'retention'],
    queryFn: ({ signal }) => http.get<Retention>('/v1/retention', undefined, { signal }),
  })
  return (
    <Card title={t('data.retention')} text={t('data.retention_text')}>
      {query.isPending && (
        <div role="status" aria-label={t('common.loading')}>
          <Skeleton height={150} radius={10} />
        </div>
      )}
      {query.isError && <ProblemState compact problem={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Form key={query.data.updated_at ?? ''} now={query.data} />}
    </Card>
  )
}

function Form({ now }: { now: Retention }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const refresh = useRefresh()
  const account = useMe().account.id
  const before = choiceOf(now)
  const [choice, setChoice] = useState<RetentionChoice>(before)
  const [problem, setProblem] = useState<unknown>(null)
  const [preview, setPreview] = useState<RetentionPreview | null>(null)
  const [busy, setBusy] = useState(false)
  const dirty = !sameChoice(before, choice)
  const errors = fieldErrors(t, problem)
  useUnsaved(dirty)

  async function write(): Promise<void> {
    const saved = await http.put<Retention>('/v1/retention', choice)
    client.setQueryData([account, 'retention'], saved)
    void refresh('audit')
    notifications.show({ color: 'teal', message: t('common.saved'), autoClose: 3000 })
  }

  async function save(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const would = await http.post<RetentionPreview>('/v1/retention/preview', choice)
      const erases = would.conversations + would.contacts + would.audit_entries > 0
      if (erases && isShorter(before, choice)) setPreview(would)
      else await write()
    } catch (failure) {
      setProblem(failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      {Object.keys(errors).length === 0 && <ProblemAlert problem={problem} />}
      <div className={css.kinds}>
        {KINDS.map((kind) => (
          <KindRow
            key={kind.name}
            kind={kind}
            days={choice[kind.name]}
            error={errors[kind.name]}
            onChange={(days) => setChoice({ ...choice, [kind.name]: days })}
          />
        ))}
      </div>
      <div className={css.save}>
        <Button type="submit" disabled={!dirty} loading={busy}>
          {t('common.save')}
        </Button>
      </div>
      <Confirm
        opened={preview !== null}
        onClose={() => setPreview(null)}
        danger
        title={t('data.sure')}
        text={
          <>
            {t('data.sure_text')}
            <ul className={css.would}>
              <li>{t('data.would_conversations', { count: preview?.conversations ?? 0 })}</li>
              <li>{t('data.would_contacts', { count: preview?.contacts ?? 0 })}</li>
              <li>{t('data.would_audit', { count: preview?.audit_entries ?? 0 })}</li>
            </ul>
          </>
        }
        action={t('data.sure_action')}
        onConfirm={write}
      />
    </form>
  )
}

function KindRow(props: {
  kind: Kind
  days: number | null
  error: string | undefined
  onChange: (days: number | null) => void
}) {
  const { t } = useTranslation()
  const { kind, days } = props
  return (
    <div className={css.kind}>
      <Switch
        checked={days !== null}
        onChange={(event) => props.onChange(event.currentTarget.checked ? kind.usual : null)}
        label={t(`data.kind.${kind.name}`)}
        description={t(`data.kind_text.${kind.name}`)}
      />
      {days !== null && (
        <NumberInput
          className={css.days ?? ''}
          aria-label={t('data.days_of', { kind: t(`data.kind.${kind.name}`) })}
          suffix={` ${t('data.days')}`}
          min={kind.least}
          max={3650}
          clampBehavior="none"
          allowDecimal={false}
          value={days}
          error={props.error}
          onChange={(value) => props.onChange(typeof value === 'number' ? value : kind.usual)}
        />
      )}
    </div>
  )
}
