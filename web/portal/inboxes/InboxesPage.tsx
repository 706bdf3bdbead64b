// The doors customers come in by.
import { Button } from '@mantine/core'
import { IconChevronRight, IconMessageChatbot, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { Inbox } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { useMe } from 'ui/session'
import { inkOn, safeColor } from '../../widget/shared/color'
import { useInboxes } from '../data/api'
import { Card, Page, RowsSkeleton } from '../shell/Page'
import { Tag } from '../shell/Tag'
import { CreateInbox } from './CreateInbox'
import css from './InboxesPage.module.css'

export function InboxesPage() {
  const { t } = useTranslation()
  const inboxes = useInboxes({ every: 15_000 })
  const { limits } = useMe()
  const [creating, setCreating] = useState(false)
  const have = inboxes.data?.length ?? 0

  return (
    <Page
      title={t('nav.inboxes')}
      text={t('inboxes.text')}
      actions={
        <Button leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
          {t('inboxes.create')}
        </Button>
      }
    >
      <Card flush>
        {inboxes.isPending && <RowsSkeleton rows={3} />}
        {inboxes.isError && <ProblemState problem={inboxes.error} onRetry={() => void inboxes.refetch()} />}
        {inboxes.data && have === 0 && (
          <EmptyState
            icon={<IconMessageChatbot />}
            title={t('inboxes.empty')}
            text={t('inboxes.empty_text')}
            action={<Button onClick={() => setCreating(true)}>{t('inboxes.create')}</Button>}
          />
        )}
        <ul className={css.list}>
          {inboxes.data?.map((inbox) => (
            <Row key={inbox.id} inbox={inbox} />
          ))}
        </ul>
      </Card>
      {inboxes.data && limits.inboxes !== null && (
        <p className={css.limit}>{t('inboxes.used', { have, limit: limits.inboxes })}</p>
      )}
      <CreateInbox
        opened={creating}
        onClose={() => setCreating(false)}
        full={limits.inboxes !== null && have >= limits.inboxes}
      />
    </Page>
  )
}

function Row({ inbox }: { inbox: Inbox }) {
  const { t } = useTranslation()
  const color = safeColor(inbox.settings.color)
  const domains = inbox.settings.allowed_domains
  return (
    <li>
      <Link href={`/inboxes/${inbox.id}`} className={css.row ?? ''}>
        <span className={css.mark} style={{ background: color, color: inkOn(color) }} aria-hidden>
          <IconMessageChatbot size={20} stroke={1.8} />
        </span>
        <span className={css.names}>
          <span className={`${css.name} fd-truncate`}>{inbox.name}</span>
          <span className={`${css.text} fd-truncate`}>
            {domains.length > 0 ? domains.join(', ') : t('inboxes.any_site')}
          </span>
        </span>
        <Tag tone={inbox.installed_at ? 'ok' : 'plain'}>
          {t(inbox.installed_at ? 'inboxes.live' : 'inboxes.not_installed')}
        </Tag>
        <IconChevronRight size={17} aria-hidden className={css.arrow} />
      </Link>
    </li>
  )
}
