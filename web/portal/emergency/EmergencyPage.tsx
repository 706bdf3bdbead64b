// The emergency plan: the switch with a second thought, what visitors read, where else they can turn, and how it will look.
import { Anchor, Button, SegmentedControl, Skeleton, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconShieldCheck, IconSpeakerphone } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { Emergency } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert, ProblemState } from 'ui/ProblemAlert'
import { RelativeTime } from 'ui/RelativeTime'
import { http, useCan, useMe } from 'ui/session'
import { useAudit, useEmergency, useInboxes, useRefresh } from '../data/api'
import form from '../inboxes/InboxForm.module.css'
import page from '../inboxes/InboxPage.module.css'
import { WidgetPreview } from '../inboxes/WidgetPreview'
import { Confirm } from '../shell/Confirm'
import { Card, Page, Stack } from '../shell/Page'
import { Tag } from '../shell/Tag'
import { useUnsaved } from '../shell/Unsaved'
import { ContactsEditor } from './ContactsEditor'
import css from './Emergency.module.css'
import { bodyOf, draftOf, isChanged, isWhole, type PlanDraft } from './plan'

const LONGEST_MESSAGE = 500

export function EmergencyPage() {
  const { t } = useTranslation()
  const plan = useEmergency()

  if (plan.data) return <Loaded plan={plan.data} />
  return (
    <Page wide title={t('nav.emergency')} text={t('emergency.text')}>
      {plan.isError ? (
        <ProblemState problem={plan.error} onRetry={() => void plan.refetch()} />
      ) : (
        <div className={page.columns} role="status" aria-label={t('common.loading')}>
          <div>
            <Skeleton height={110} radius={14} mb={18} />
            <Skeleton height={180} radius={14} mb={18} />
            <Skeleton height={240} radius={14} />
          </div>
          <Skeleton height={560} radius={14} />
        </div>
      )}
    </Page>
  )
}

function Loaded({ plan }: { plan: Emergency }) {
  const { t } = useTranslation()
  const { account } = useMe()
  const client = useQueryClient()
  const refresh = useRefresh()
  const inboxes = useInboxes()
  const [draft, setDraft] = useState<PlanDraft>(() => draftOf(plan))
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [asking, setAsking] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const [preview, setPreview] = useState<'on' | 'away'>('on')
  const root = useRef<HTMLFormElement>(null)
  const dirty = isChanged(plan, draft)
  const errors = fieldErrors(t, problem)
  useUnsaved(dirty)

  function toFault(): void {
    requestAnimationFrame(() => root.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
  }

  async function write(active: boolean): Promise<void> {
    const saved = await http.put<Emergency>('/v1/emergency', { active, ...bodyOf(draft) })
    client.setQueryData([account.id, 'emergency'], saved)
    setDraft(draftOf(saved))
    setTried(false)
    setProblem(null)
    void refresh('audit')
  }

  async function save(): Promise<void> {
    setTried(true)
    if (!isWhole(draft)) return toFault()
    setBusy(true)
    try {
      await write(plan.active)
      notifications.show({ color: 'teal', message: t('emergency.saved'), autoClose: 3000 })
    } catch (failure) {
      setProblem(failure)
      toFault()
    } finally {
      setBusy(false)
    }
  }

  function ask(): void {
    setTried(true)
    if (isWhole(draft)) setAsking(true)
    else toFault()
  }

  return (
    <Page
      wide
      title={t('nav.emergency')}
      text={t('emergency.text')}
      actions={
        <Tag tone={plan.active ? 'danger' : 'ok'}>{t(plan.active ? 'emergency.is_on' : 'emergency.is_off')}</Tag>
      }
    >
      <div className={page.columns}>
        <form
          ref={root}
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            void save()
          }}
        >
          <Stack>
            {Object.keys(errors).length === 0 && <ProblemAlert problem={problem} />}
            <section className={css.state} data-on={plan.active || undefined}>
              <span className={css.sign} aria-hidden>
                {plan.active ? <IconSpeakerphone size={22} /> : <IconShieldCheck size={22} />}
              </span>
              <div className={css.said} role="status">
                <h2>{t(plan.active ? 'emergency.on_title' : 'emergency.off_title')}</h2>
                <p>{t(plan.active ? 'emergency.on_text' : 'emergency.off_text')}</p>
                <Switched />
              </div>
              <Button
                color={plan.active ? undefined : 'red.9'}
                variant={plan.active ? 'default' : 'filled'}
                onClick={ask}
              >
                {t(plan.active ? 'emergency.switch_off' : 'emergency.switch_on')}
              </Button>
            </section>
            <Card title={t('emergency.message')} text={t('emergency.message_text')}>
              <Textarea
                aria-label={t('emergency.message')}
                placeholder={t('emergency.message_example')}
                autosize
                minRows={3}
                maxRows={8}
                maxLength={LONGEST_MESSAGE}
                value={draft.message}
                error={errors['message']}
                onChange={(event) => setDraft({ ...draft, message: event.currentTarget.value })}
              />
            </Card>
            <Card title={t('emergency.contacts')} text={t('emergency.contacts_text')}>
              <ContactsEditor draft={draft} checked={tried} errors={errors} onChange={setDraft} />
            </Card>
          </Stack>
          <div className={form.save} data-shown={dirty || undefined} inert={!dirty}>
            <span>{t('inboxes.unsaved')}</span>
            <Button
              variant="default"
              size="xs"
              onClick={() => {
                setDraft(draftOf(plan))
                setTried(false)
                setProblem(null)
              }}
            >
              {t('inboxes.discard')}
            </Button>
            <Button type="submit" size="xs" loading={busy}>
              {t('common.save')}
            </Button>
          </div>
        </form>
        <aside className={page.preview} aria-label={t('emergency.preview')}>
          <div className={page.previewHead}>
            <h2>{t('emergency.preview')}</h2>
            <SegmentedControl
              size="xs"
              aria-label={t('emergency.preview_when')}
              value={preview}
              onChange={(value) => setPreview(value as typeof preview)}
              data={[
                { value: 'on', label: t('emergency.preview_on') },
                { value: 'away', label: t('emergency.preview_away') },
              ]}
            />
          </div>
          {inboxes.isSuccess && (
            <WidgetPreview
              inboxKey={inboxes.data[0]?.key ?? ''}
              settings={inboxes.data[0]?.settings ?? PLAIN}
              companyName={account.name}
              notice={{ active: preview === 'on', ...bodyOf(draft) }}
              unreachable={preview === 'away'}
            />
          )}
        </aside>
      </div>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        danger={!plan.active}
        title={t(plan.active ? 'emergency.off_sure' : 'emergency.on_sure')}
        text={
          <>
            {t(plan.active ? 'emergency.off_sure_text' : 'emergency.on_sure_text')}
            {!plan.active && draft.rows.length === 0 && (
              <strong className={css.warn}>{t('emergency.no_contacts_warning')}</strong>
            )}
          </>
        }
        action={t(plan.active ? 'emergency.switch_off' : 'emergency.switch_on')}
        onConfirm={() => write(!plan.active)}
      />
    </Page>
  )
}

/** A company without an inbox still sees how its words would look. */
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

/** Who changed it last, for those who may read the log. */
function Switched() {
  const mayRead = useCan('audit.read')
  return mayRead ? <LastChange /> : null
}

function LastChange() {
  const { t } = useTranslation()
  const audit = useAudit({ action: 'emergency' })
  const entry = audit.data?.pages.flatMap((each) => each.data).find((each) => each.action === 'emergency.updated')
  if (!entry) return null
  const who = entry.actor.name ?? t(`audit.actor.${entry.actor.kind}`, { defaultValue: entry.actor.kind })
  return (
    <p className={css.last}>
      {t('emergency.changed_by', { name: who })} <RelativeTime at={entry.at} long />.{' '}
      <Anchor component={Link} href="/audit-log" fz="inherit">
        {t('nav.audit')}
      </Anchor>
    </p>
  )
}
