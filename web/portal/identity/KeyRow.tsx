// One key: whether it counts, when it was used, and its end.
import { Button, Group } from '@mantine/core'
import { IconKey } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { IdentityKey } from 'client/types'
import { RelativeTime } from 'ui/RelativeTime'
import { http } from 'ui/session'
import { date, dateTime } from 'ui/time'
import { useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { Tag } from '../shell/Tag'
import css from './Identity.module.css'
import { counts } from './keys'
import { RotateKey } from './RotateKey'

export function KeyRow({ identityKey: key, path, inboxId }: { identityKey: IdentityKey; path: string; inboxId: string }) {
  const { t, i18n } = useTranslation()
  const refresh = useRefresh()
  const [asking, setAsking] = useState<'revoke' | 'rotate' | null>(null)
  const live = counts(key)
  const own = `${path}/keys/${encodeURIComponent(key.id)}`

  return (
    <li className={css.key} data-gone={!live || undefined}>
      <span className={css.icon} aria-hidden>
        <IconKey size={18} stroke={1.7} />
      </span>
      <div className={css.body}>
        <div className={css.name}>
          <span className="fd-truncate">{key.name}</span>
          <Tag>{key.algorithm}</Tag>
        </div>
        <code className={css.kid}>{key.id}</code>
        <div className={css.meta}>
          {t('keys.created_on', { date: date(key.created_at, i18n.language) })}
          {' · '}
          {key.last_used_at ? (
            <>
              {t('keys.last_used')} <RelativeTime at={key.last_used_at} />
            </>
          ) : (
            t('keys.never_used')
          )}
          {live && key.ends_at && <> · {t('identity.ends', { when: dateTime(key.ends_at, i18n.language) })}</>}
        </div>
      </div>
      {live ? (
        <Group gap={4} className={css.deeds ?? ''}>
          {!key.ends_at && (
            <Button size="compact-sm" variant="subtle" onClick={() => setAsking('rotate')}>
              {t('identity.rotate')}
            </Button>
          )}
          <Button size="compact-sm" variant="subtle" color="red" onClick={() => setAsking('revoke')}>
            {t('keys.revoke')}
          </Button>
        </Group>
      ) : (
        <Tag>{t('identity.ended')}</Tag>
      )}
      <RotateKey
        opened={asking === 'rotate'}
        onClose={() => setAsking(null)}
        path={own}
        inboxId={inboxId}
        algorithm={key.algorithm}
      />
      <Confirm
        opened={asking === 'revoke'}
        onClose={() => setAsking(null)}
        title={t('keys.revoke_title', { name: key.name })}
        text={t('identity.revoke_text')}
        action={t('keys.revoke')}
        danger
        onConfirm={async () => {
          await http.delete(own)
          await refresh(`identity ${inboxId}`, 'audit')
        }}
      />
    </li>
  )
}
