// The settings of an inbox. Nothing is saved until one says so; the preview shows every keystroke.
import { Button, SegmentedControl, Select, Switch, Textarea, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Inbox, InboxSettings } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { LANGUAGE_NAMES } from 'ui/Switches'
import { useRefresh } from '../data/api'
import { State } from '../overview/StepBody'
import { Card, Stack } from '../shell/Page'
import { useUnsaved } from '../shell/Unsaved'
import { ColorField } from './ColorField'
import { DomainsField } from './DomainsField'
import { changes, draftOf, type Draft } from './draft'
import css from './InboxForm.module.css'
import { ScriptTag } from './ScriptTag'

export function InboxForm({ inbox, onDraft }: { inbox: Inbox; onDraft: (settings: InboxSettings) => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const refresh = useRefresh()
  const { account } = useMe()
  const [draft, setDraft] = useState<Draft>(() => draftOf(inbox))
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const form = useRef<HTMLFormElement>(null)
  const before = draftOf(inbox)
  const body = changes(before, draft)
  const dirty = body !== null
  // The server names fields by path; here the settings lie flat beside the name.
  const errors = Object.fromEntries(
    Object.entries(fieldErrors(t, problem)).map(([field, text]) => [field.replace(/^settings\./, ''), text]),
  )

  useEffect(() => onDraft(draft), [draft, onDraft])
  useUnsaved(dirty)

  function set<K extends keyof Draft>(field: K, value: Draft[K]): void {
    setDraft((now) => ({ ...now, [field]: value }))
  }

  async function save(): Promise<void> {
    if (!body || busy) return
    setBusy(true)
    setProblem(null)
    try {
      const saved = await http.patch<Inbox>(`/v1/inboxes/${encodeURIComponent(inbox.id)}`, body)
      client.setQueryData([account.id, `inbox ${inbox.id}`], saved)
      setDraft(draftOf(saved))
      void refresh('inboxes')
      notifications.show({ color: 'teal', message: t('inboxes.saved'), autoClose: 3000 })
    } catch (failure) {
      setProblem(failure)
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
    } finally {
      setBusy(false)
    }
  }

  return (
    <form
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <Stack>
        {Object.keys(errors).length === 0 && <ProblemAlert problem={problem} />}
        <Card title={t('inboxes.install')} text={t('inboxes.install_text')}>
          <ScriptTag inboxKey={inbox.key} />
          {!inbox.installed_at && <State text={t('steps.install.waiting')} />}
        </Card>
        <Card title={t('inboxes.look')}>
          <div className={css.fields}>
            <ColorField value={draft.color} error={errors['color']} onChange={(color) => set('color', color)} />
            <div className={css.pair}>
              <Choice label={t('inboxes.position')}>
                <SegmentedControl
                  fullWidth
                  aria-label={t('inboxes.position')}
                  value={draft.position}
                  onChange={(value) => set('position', value as Draft['position'])}
                  data={[
                    { value: 'left', label: t('inboxes.left') },
                    { value: 'right', label: t('inboxes.right') },
                  ]}
                />
              </Choice>
              <Choice label={t('switches.scheme')}>
                <SegmentedControl
                  fullWidth
                  aria-label={t('switches.scheme')}
                  value={draft.theme}
                  onChange={(value) => set('theme', value as Draft['theme'])}
                  data={(['auto', 'light', 'dark'] as const).map((value) => ({
                    value,
                    label: t(`inboxes.theme_${value}`),
                  }))}
                />
              </Choice>
            </div>
          </div>
        </Card>
        <Card title={t('inboxes.words')}>
          <div className={css.fields}>
            <TextInput
              label={t('inboxes.title')}
              placeholder={account.name}
              maxLength={80}
              value={draft.title}
              error={errors['title']}
              onChange={(event) => set('title', event.currentTarget.value)}
            />
            <Textarea
              label={t('inboxes.greeting')}
              description={t('inboxes.greeting_text')}
              placeholder={t('inboxes.greeting_example')}
              autosize
              minRows={2}
              maxRows={6}
              maxLength={500}
              value={draft.greeting}
              error={errors['greeting']}
              onChange={(event) => set('greeting', event.currentTarget.value)}
            />
            <Textarea
              label={t('inboxes.away')}
              description={t('inboxes.away_text')}
              placeholder={t('inboxes.away_example')}
              autosize
              minRows={2}
              maxRows={6}
              maxLength={500}
              value={draft.away_message}
              error={errors['away_message']}
              onChange={(event) => set('away_message', event.currentTarget.value)}
            />
            <Select
              label={t('inboxes.language')}
              description={t('inboxes.language_text')}
              allowDeselect={false}
              value={draft.locale}
              error={errors['locale']}
              onChange={(value) => value && set('locale', value as Draft['locale'])}
              data={[
                { value: 'auto', label: t('inboxes.language_auto') },
                { value: 'en', label: LANGUAGE_NAMES.en },
                { value: 'zh-CN', label: LANGUAGE_NAMES['zh-CN'] },
              ]}
            />
          </div>
        </Card>
        <Card title={t('inboxes.manners')}>
          <div className={css.fields}>
            <TextInput
              label={t('inboxes.name')}
              description={t('inboxes.name_text')}
              maxLength={80}
              value={draft.name}
              error={errors['name'] ?? (draft.name.trim() ? undefined : t('problem.name_invalid'))}
              onChange={(event) => set('name', event.currentTarget.value)}
            />
            <Switch
              label={t('inboxes.survey')}
              description={t('inboxes.survey_text')}
              checked={draft.survey_enabled}
              onChange={(event) => set('survey_enabled', event.currentTarget.checked)}
            />
            <DomainsField
              value={draft.allowed_domains}
              error={errors['allowed_domains']}
              onChange={(domains) => set('allowed_domains', domains)}
            />
          </div>
        </Card>
      </Stack>
      <div className={css.save} data-shown={dirty || undefined} inert={!dirty}>
        <span>{t('inboxes.unsaved')}</span>
        <Button variant="default" size="xs" onClick={() => setDraft(before)}>
          {t('inboxes.discard')}
        </Button>
        <Button type="submit" size="xs" loading={busy} disabled={!draft.name.trim()}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}

function Choice({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <div className={css.label}>{label}</div>
      {children}
    </div>
  )
}
