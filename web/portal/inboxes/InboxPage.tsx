// One inbox: its settings, and the widget as visitors will see it beside them.
import { SegmentedControl, Skeleton } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Inbox, InboxSettings } from 'client/types'
import { ProblemState } from 'ui/ProblemAlert'
import { useMe } from 'ui/session'
import { useInbox } from '../data/api'
import { IdentityCard } from '../identity/IdentityCard'
import { Page } from '../shell/Page'
import { Tag } from '../shell/Tag'
import { InboxForm } from './InboxForm'
import css from './InboxPage.module.css'
import { InboxRouting } from './InboxRouting'
import { WidgetPreview } from './WidgetPreview'

export function InboxPage({ id }: { id: string }) {
  const { t } = useTranslation()
  const inbox = useInbox(id)
  const back = { href: '/inboxes', label: t('nav.inboxes') }

  if (inbox.data) return <Loaded inbox={inbox.data} />
  return (
    <Page wide title={t('inboxes.settings')} back={back}>
      {inbox.isError ? (
        <ProblemState problem={inbox.error} onRetry={() => void inbox.refetch()} />
      ) : (
        <div className={css.columns} role="status" aria-label={t('common.loading')}>
          <div>
            <Skeleton height={300} radius={14} mb={18} />
            <Skeleton height={240} radius={14} />
          </div>
          <Skeleton height={560} radius={14} />
        </div>
      )}
    </Page>
  )
}

function Loaded({ inbox }: { inbox: Inbox }) {
  const { t } = useTranslation()
  const { account } = useMe()
  const [shown, setShown] = useState<InboxSettings>(inbox.settings)
  const [online, setOnline] = useState(true)

  return (
    <Page
      wide
      title={inbox.name}
      back={{ href: '/inboxes', label: t('nav.inboxes') }}
      actions={
        <Tag tone={inbox.installed_at ? 'ok' : 'plain'}>
          {t(inbox.installed_at ? 'inboxes.live' : 'inboxes.not_installed')}
        </Tag>
      }
    >
      <div className={css.columns}>
        <div>
          <InboxForm inbox={inbox} onDraft={setShown} />
          <InboxRouting inbox={inbox} />
          <div style={{ marginTop: 18 }}>
            <IdentityCard inboxId={inbox.id} />
          </div>
        </div>
        <aside className={css.preview} aria-label={t('preview.title')}>
          <div className={css.previewHead}>
            <h2>{t('preview.title')}</h2>
            <SegmentedControl
              size="xs"
              aria-label={t('preview.as')}
              value={online ? 'online' : 'away'}
              onChange={(value) => setOnline(value === 'online')}
              data={[
                { value: 'online', label: t('availability.online') },
                { value: 'away', label: t('availability.away') },
              ]}
            />
          </div>
          <WidgetPreview inboxKey={inbox.key} settings={shown} companyName={account.name} online={online} />
        </aside>
      </div>
    </Page>
  )
}
