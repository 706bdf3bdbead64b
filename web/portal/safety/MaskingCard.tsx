// What of messages is masked or refused: two kinds of numbers, and words of the company's own.
import { Button, Radio, Skeleton, Stack as Column, Switch, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Masking } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert, ProblemState } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useMasking, useRefresh } from '../data/api'
import { Card } from '../shell/Page'
import { useUnsaved } from '../shell/Unsaved'
import { choiceOf, draftOf, isChanged, MOST_WORDS, wordFault, wordsOf, type MaskingDraft } from './masking'
import css from './Safety.module.css'

export function MaskingCard() {
  const { t } = useTranslation()
  const masking = useMasking()
  return (
    <Card title={t('safety.masking')} text={t('safety.masking_text')}>
      {masking.isPending && (
        <div role="status" aria-label={t('common.loading')}>
          <Skeleton height={220} radius={10} />
        </div>
      )}
      {masking.isError && <ProblemState compact problem={masking.error} onRetry={() => void masking.refetch()} />}
      {masking.data && <Form key={masking.data.updated_at ?? ''} now={masking.data} />}
    </Card>
  )
}

function Form({ now }: { now: Masking }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const refresh = useRefresh()
  const account = useMe().account.id
  const [draft, setDraft] = useState<MaskingDraft>(() => draftOf(now))
  const [problem, setProblem] = useState<unknown>(null)
  const [sent, setSent] = useState<readonly string[]>([])
  const [busy, setBusy] = useState(false)
  const dirty = isChanged(now, draft)
  const count = wordsOf(draft.lines).length
  const errors = fieldErrors(t, problem)
  const fault = wordFault(errors, sent)
  useUnsaved(dirty)

  async function save(): Promise<void> {
    const choice = choiceOf(draft)
    setBusy(true)
    setProblem(null)
    setSent(choice.words)
    try {
      const saved = await http.put<Masking>('/v1/safety/masking', choice)
      client.setQueryData([account, 'masking'], saved)
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
      {!fault && <ProblemAlert problem={problem} />}
      <Column gap="lg">
        {(['card_numbers', 'resident_ids'] as const).map((kind) => (
          <Switch
            key={kind}
            checked={draft[kind]}
            onChange={(event) => setDraft({ ...draft, [kind]: event.currentTarget.checked })}
            label={t(`safety.${kind}`)}
            description={t(`safety.${kind}_text`)}
          />
        ))}
        <Textarea
          label={t('safety.words')}
          description={t('safety.words_text')}
          placeholder={t('safety.words_example')}
          autosize
          minRows={4}
          maxRows={14}
          value={draft.lines}
          error={
            fault
              ? fault.word
                ? t('safety.word_fault', { word: fault.word, fault: fault.text })
                : fault.text
              : undefined
          }
          onChange={(event) => setDraft({ ...draft, lines: event.currentTarget.value })}
        />
        <p className={css.count} data-full={count > MOST_WORDS || undefined} role="status">
          {t('safety.words_count', { count, most: MOST_WORDS })}
        </p>
        <Radio.Group
          label={t('safety.words_action')}
          value={draft.words_action}
          onChange={(value) => setDraft({ ...draft, words_action: value as MaskingDraft['words_action'] })}
        >
          <Column gap="sm" mt="xs">
            <Radio value="mask" label={t('safety.mask')} description={t('safety.mask_text')} />
            <Radio value="refuse" label={t('safety.refuse')} description={t('safety.refuse_text')} />
          </Column>
        </Radio.Group>
      </Column>
      <div className={css.save}>
        <Button type="submit" disabled={!dirty} loading={busy}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}
