// From how many newcomers a minute on their browsers are asked for some work.
import { Button, NumberInput, Skeleton, Stack as Column, Switch } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SpamGuard, SpamGuardChoice } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert, ProblemState } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useRefresh, useSpamGuard } from '../data/api'
import { Card } from '../shell/Page'
import { useUnsaved } from '../shell/Unsaved'
import css from './Safety.module.css'
import { choiceOf, sameChoice, USUAL_CONVERSATIONS } from './spam'

export function SpamCard() {
  const { t } = useTranslation()
  const guard = useSpamGuard()
  return (
    <Card title={t('safety.spam')} text={t('safety.spam_text')}>
      {guard.isPending && (
        <div role="status" aria-label={t('common.loading')}>
          <Skeleton height={120} radius={10} />
        </div>
      )}
      {guard.isError && <ProblemState compact problem={guard.error} onRetry={() => void guard.refetch()} />}
      {guard.data && <Form key={guard.data.updated_at ?? ''} now={guard.data} />}
    </Card>
  )
}

function Form({ now }: { now: SpamGuard }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const refresh = useRefresh()
  const account = useMe().account.id
  const before = choiceOf(now)
  const [choice, setChoice] = useState<SpamGuardChoice>(before)
  const [problem, setProblem] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const dirty = !sameChoice(before, choice)
  const errors = fieldErrors(t, problem)
  const shown = {
    visitors_per_minute: choice.active,
    conversations_per_minute: choice.active && choice.conversations_per_minute !== null,
  }
  const pointed = Object.entries(shown).some(([field, visible]) => visible && errors[field])
  useUnsaved(dirty)

  async function save(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const saved = await http.put<SpamGuard>('/v1/safety/spam-guard', choice)
      client.setQueryData([account, 'spam-guard'], saved)
      void refresh('audit')
      notifications.show({ color: 'teal', message: t('common.saved'), autoClose: 3000 })
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
      {!pointed && <ProblemAlert problem={problem} />}
      <Column gap="lg">
        <Switch
          checked={choice.active}
          onChange={(event) => {
            setProblem(null)
            // What is hidden is as it was: nobody could see what is wrong with it.
            setChoice(event.currentTarget.checked ? { ...choice, active: true } : { ...before, active: false })
          }}
          label={t('safety.spam_active')}
          description={t('safety.spam_active_text')}
        />
        {choice.active && (
          <>
            <NumberInput
              className={css.pace ?? ''}
              label={t('safety.spam_visitors')}
              min={1}
              max={100_000}
              clampBehavior="none"
              allowDecimal={false}
              value={choice.visitors_per_minute}
              error={errors['visitors_per_minute']}
              onChange={(value) => setChoice({ ...choice, visitors_per_minute: typeof value === 'number' ? value : 0 })}
            />
            <Switch
              checked={choice.conversations_per_minute !== null}
              onChange={(event) =>
                setChoice({
                  ...choice,
                  conversations_per_minute: event.currentTarget.checked ? USUAL_CONVERSATIONS : null,
                })
              }
              label={t('safety.spam_conversations')}
            />
            {choice.conversations_per_minute !== null && (
              <NumberInput
                className={css.pace ?? ''}
                label={t('safety.spam_conversations_pace')}
                min={1}
                max={100_000}
                clampBehavior="none"
                allowDecimal={false}
                value={choice.conversations_per_minute}
                error={errors['conversations_per_minute']}
                onChange={(value) =>
                  setChoice({ ...choice, conversations_per_minute: typeof value === 'number' ? value : 0 })
                }
              />
            )}
          </>
        )}
      </Column>
      <div className={css.save}>
        <Button type="submit" disabled={!dirty} loading={busy}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}
