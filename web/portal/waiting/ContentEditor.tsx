// One thing to look at: its words, what belongs to its kind, for whom it is, and how the waiting room shows it.
import { MultiSelect, SegmentedControl, Switch, TagsInput, Textarea, TextInput } from '@mantine/core'
import { IconCards } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { ContentKind, WaitingContent } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { LANGUAGE_NAMES } from 'ui/Switches'
import { useContents, useInboxes, useRefresh, useTeams } from '../data/api'
import page from '../inboxes/InboxPage.module.css'
import { WidgetPreview } from '../inboxes/WidgetPreview'
import { EditorForm } from '../setup/EditorForm'
import { RemoveCard } from '../setup/RemoveCard'
import setup from '../setup/Setup.module.css'
import { useEditor } from '../setup/useEditor'
import { Card, Page, PageSkeleton } from '../shell/Page'
import { useUnsavedGiveUp } from '../shell/Unsaved'
import { bodyOf, draftOf, isWhole, KINDS, NEW } from './content'

export function ContentEditor({ id }: { id: string }) {
  const { t } = useTranslation()
  const contents = useContents()
  const content = contents.data?.find((each) => each.id === id)
  if (content || id === 'new') return <Loaded key={id} content={content ?? null} />
  if (contents.isPending) return <PageSkeleton />
  return (
    <Page title={t('nav.waiting_content')} back={{ href: '/waiting-content', label: t('nav.waiting_content') }}>
      {contents.isError ? (
        <ProblemState problem={contents.error} onRetry={() => void contents.refetch()} />
      ) : (
        <EmptyState icon={<IconCards />} title={t('setup.gone')} />
      )}
    </Page>
  )
}

const PLAIN = {
  color: '#1f6feb',
  title: '',
  greeting: '',
  position: 'right',
  theme: 'auto',
  locale: 'auto',
  away_message: '',
  survey_enabled: true,
} as const

function Loaded({ content }: { content: WaitingContent | null }) {
  const { t } = useTranslation()
  const { account } = useMe()
  const [, navigate] = useLocation()
  const refresh = useRefresh()
  const giveUp = useUnsavedGiveUp()
  const teams = useTeams()
  const inboxes = useInboxes()
  const editor = useEditor(content ? draftOf(content) : NEW, async (draft) => {
    const saved = content
      ? await http.put<WaitingContent>(`/v1/waiting-content/${encodeURIComponent(content.id)}`, bodyOf(draft))
      : await http.post<WaitingContent>('/v1/waiting-content', bodyOf(draft))
    await refresh('contents', 'audit')
    if (!content) {
      giveUp()
      navigate(`/waiting-content/${saved.id}`, { replace: true })
    }
    return draftOf(saved)
  })
  const { draft, set, errors } = editor
  const shown = bodyOf(draft)

  return (
    <Page
      wide
      title={content?.title ?? t('content.create')}
      back={{ href: '/waiting-content', label: t('nav.waiting_content') }}
    >
      <div className={page.columns}>
        <div>
          <EditorForm editor={editor} incomplete={!isWhole(draft)}>
            <Card>
              <div className={setup.fields}>
                <SegmentedControl
                  fullWidth
                  aria-label={t('content.kind_label')}
                  value={draft.kind}
                  onChange={(kind) => set({ kind: kind as ContentKind })}
                  data={KINDS.map((value) => ({ value, label: t(`content.kind.${value}`) }))}
                />
                <TextInput
                  label={t('content.title')}
                  placeholder={t(`content.title_example.${draft.kind}`)}
                  maxLength={120}
                  value={draft.title}
                  error={errors['title']}
                  onChange={(event) => set({ title: event.currentTarget.value })}
                />
                <Textarea
                  label={t('content.body')}
                  autosize
                  minRows={2}
                  maxRows={8}
                  maxLength={2000}
                  value={draft.body}
                  error={errors['body']}
                  onChange={(event) => set({ body: event.currentTarget.value })}
                />
                {draft.kind === 'coupon' && (
                  <TextInput
                    label={t('content.coupon')}
                    placeholder="TEA-10"
                    maxLength={60}
                    value={draft.coupon_code}
                    error={errors['coupon_code']}
                    onChange={(event) => set({ coupon_code: event.currentTarget.value })}
                  />
                )}
                <TextInput
                  type="url"
                  label={t(draft.kind === 'video' ? 'content.video' : 'content.picture')}
                  description={t(draft.kind === 'video' ? 'content.video_text' : 'content.picture_text')}
                  placeholder="https://"
                  maxLength={1000}
                  value={draft.media_url}
                  error={errors['media_url']}
                  onChange={(event) => set({ media_url: event.currentTarget.value })}
                />
                <TextInput
                  type="url"
                  label={t('content.link')}
                  placeholder="https://"
                  maxLength={1000}
                  value={draft.link_url}
                  error={errors['link_url']}
                  onChange={(event) => set({ link_url: event.currentTarget.value })}
                />
                <Switch
                  label={t('content.active')}
                  checked={draft.active}
                  onChange={(event) => set({ active: event.currentTarget.checked })}
                />
              </div>
            </Card>
            <Card title={t('content.for_whom')} text={t('content.for_whom_text')}>
              <div className={setup.fields}>
                <TagsInput
                  label={t('content.pages')}
                  description={t('content.pages_text')}
                  maxTags={20}
                  value={draft.pages}
                  error={errors['conditions.pages']}
                  onChange={(pages) => set({ pages })}
                />
                <TagsInput
                  label={t('content.tags')}
                  maxTags={20}
                  value={draft.tags}
                  error={errors['conditions.tags']}
                  onChange={(tags) => set({ tags })}
                />
                <MultiSelect
                  label={t('content.teams')}
                  value={draft.team_ids}
                  error={errors['conditions.team_ids']}
                  onChange={(team_ids) => set({ team_ids })}
                  data={(teams.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
                />
                <TagsInput
                  label={t('content.locales')}
                  description={t('content.locales_text')}
                  maxTags={20}
                  value={draft.locales}
                  error={errors['conditions.locales']}
                  onChange={(locales) => set({ locales })}
                  data={Object.keys(LANGUAGE_NAMES)}
                />
              </div>
            </Card>
          </EditorForm>
          {content && (
            <RemoveCard
              path={`/v1/waiting-content/${encodeURIComponent(content.id)}`}
              name={content.title}
              text={t('content.remove_text')}
              back="/waiting-content"
              refresh={['contents']}
            />
          )}
        </div>
        <aside className={page.preview} aria-label={t('preview.title')}>
          <div className={page.previewHead}>
            <h2>{t('preview.title')}</h2>
          </div>
          {inboxes.isSuccess && (
            <WidgetPreview
              inboxKey={inboxes.data[0]?.key ?? ''}
              settings={inboxes.data[0]?.settings ?? PLAIN}
              companyName={account.name}
              waiting={{ ...shown, id: 'sample', title: shown.title || t(`content.title_example.${draft.kind}`) }}
            />
          )}
        </aside>
      </div>
    </Page>
  )
}
