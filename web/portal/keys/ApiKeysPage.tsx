// Keys for programs: what they may do, when they were last used, and taking them away.
import { Anchor, Button } from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ApiKey } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { RelativeTime, useNow } from 'ui/RelativeTime'
import { http } from 'ui/session'
import { date, dateTime } from 'ui/time'
import { useApiKeys, useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { Card, Page, RowsSkeleton } from '../shell/Page'
import { Tag } from '../shell/Tag'
import { CreateKey } from './CreateKey'
import { RotateKey } from './RotateKey'
import css from './Keys.module.css'

export function ApiKeysPage() {
  const { t } = useTranslation()
  const keys = useApiKeys()
  const [creating, setCreating] = useState(false)
  const sorted = [...(keys.data ?? [])].sort(
    (a, b) => Number(Boolean(a.revoked_at)) - Number(Boolean(b.revoked_at)) || b.created_at.localeCompare(a.created_at),
  )

  return (
    <Page
      title={t('nav.api_keys')}
      text={
        <>
          {t('keys.text')}{' '}
          <Anchor href="/docs" target="_blank" inherit underline="always">
            {t('keys.docs')}
          </Anchor>
        </>
      }
      actions={
        <Button leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
          {t('keys.create')}
        </Button>
      }
    >
      <Card flush>
        {keys.isPending && <RowsSkeleton rows={3} />}
        {keys.isError && <ProblemState problem={keys.error} onRetry={() => void keys.refetch()} />}
        {keys.data && sorted.length === 0 && (
          <EmptyState
            icon={<IconKey />}
            title={t('keys.empty')}
            text={t('keys.empty_text')}
            action={<Button onClick={() => setCreating(true)}>{t('keys.create')}</Button>}
          />
        )}
        <ul className={css.list}>
          {sorted.map((key) => (
            <KeyRow key={key.id} apiKey={key} />
          ))}
        </ul>
      </Card>
      <CreateKey opened={creating} onClose={() => setCreating(false)} />
    </Page>
  )
}

function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const { t, i18n } = useTranslation()
  const refresh = useRefresh()
  const [asking, setAsking] = useState(false)
  const [all, setAll] = useState(false)
  const now = useNow()
  const ended = apiKey.expires_at !== null && Date.parse(apiKey.expires_at) <= now
  const gone = apiKey.revoked_at !== null || ended
  const [rotating, setRotating] = useState(false)
  const shown = all ? apiKey.scopes : apiKey.scopes.slice(0, 4)
  const more = apiKey.scopes.length - shown.length

  return (
    <li className={css.key} data-gone={gone || undefined}>
      <span className={css.icon} aria-hidden>
        <IconKey size={18} stroke={1.7} />
      </span>
      <div className={css.body}>
        <div className={css.name}>
          <span className="fd-truncate">{apiKey.name}</span>
          <code>{apiKey.prefix}…</code>
        </div>
        <div className={css.meta}>
          {apiKey.revoked_at
            ? t('keys.revoked_on', { date: date(apiKey.revoked_at, i18n.language) })
            : t('keys.created_on', { date: date(apiKey.created_at, i18n.language) })}
          {apiKey.expires_at &&
            !apiKey.revoked_at &&
            ` · ${t(ended ? 'keys.expired_on' : 'keys.expires_on', { date: date(apiKey.expires_at, i18n.language) })}`}
          {apiKey.previous_until &&
            Date.parse(apiKey.previous_until) > now &&
            ` · ${t('keys.old_until', { date: dateTime(apiKey.previous_until, i18n.language) })}`}
          {' · '}
          {apiKey.last_used_at ? (
            <>
              {t('keys.last_used')} <RelativeTime at={apiKey.last_used_at} />
            </>
          ) : (
            t('keys.never_used')
          )}
        </div>
        {!gone && (
          <div className={css.scopes}>
            {shown.map((scope) => (
              <code key={scope} className={css.scope}>
                {scope}
              </code>
            ))}
            {more > 0 && (
              <Anchor component="button" size="xs" onClick={() => setAll(true)}>
                {t('keys.more', { count: more })}
              </Anchor>
            )}
          </div>
        )}
      </div>
      {gone ? (
        <Tag>{t(apiKey.revoked_at ? 'keys.revoked' : 'keys.expired')}</Tag>
      ) : (
        <span className={css.tools}>
          <Button size="compact-sm" variant="subtle" onClick={() => setRotating(true)}>
            {t('keys.rotate')}
          </Button>
          <Button size="compact-sm" variant="subtle" color="red" onClick={() => setAsking(true)}>
            {t('keys.revoke')}
          </Button>
        </span>
      )}
      <RotateKey apiKey={apiKey} opened={rotating} onClose={() => setRotating(false)} />
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('keys.revoke_title', { name: apiKey.name })}
        text={t('keys.revoke_text')}
        action={t('keys.revoke')}
        danger
        onConfirm={async () => {
          await http.delete(`/v1/api-keys/${encodeURIComponent(apiKey.id)}`)
          await refresh('api-keys')
        }}
      />
    </li>
  )
}
