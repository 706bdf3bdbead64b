// How an inbox knows its visitors: who may write, the keys that the company's own server signs with, how to sign, and why a token is refused.
import { Button, Radio, Stack as Column } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconPlus, IconShieldCheck } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { InboxIdentity } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { notifyProblem, ProblemState } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useIdentity, useRefresh } from '../data/api'
import { Card, RowsSkeleton, Stack } from '../shell/Page'
import { Tag } from '../shell/Tag'
import { Checker } from './Checker'
import { CreateIdentityKey } from './CreateIdentityKey'
import css from './Identity.module.css'
import { KeyRow } from './KeyRow'
import { counts } from './keys'
import { Snippet } from './Snippet'

export function IdentityCard({ inboxId }: { inboxId: string }) {
  const { t } = useTranslation()
  const identity = useIdentity(inboxId)
  const [creating, setCreating] = useState(false)
  const path = `/v1/inboxes/${encodeURIComponent(inboxId)}/identity`
  const keys = identity.data?.keys ?? []
  const live = keys.filter((key) => counts(key))

  return (
    <Stack>
      <Card
        title={t('identity.title')}
        text={t('identity.text')}
        aside={identity.data && <State identity={identity.data} hasKey={live.length > 0} />}
        id="identity"
      >
        {identity.isError && <ProblemState problem={identity.error} onRetry={() => void identity.refetch()} />}
        {identity.isPending && <RowsSkeleton rows={2} />}
        {identity.data && (
          <>
            {keys.length === 0 ? (
              <EmptyState
                icon={<IconShieldCheck />}
                title={t('identity.empty')}
                text={t('identity.empty_text')}
                action={<Button onClick={() => setCreating(true)}>{t('identity.create')}</Button>}
              />
            ) : (
              <>
                <div className={css.bar}>
                  <h3 className={css.heading}>{t('identity.keys')}</h3>
                  <Button
                    size="xs"
                    variant="default"
                    leftSection={<IconPlus size={15} />}
                    onClick={() => setCreating(true)}
                  >
                    {t('identity.create')}
                  </Button>
                </div>
                <ul className={css.list}>
                  {keys.map((key) => (
                    <KeyRow key={key.id} identityKey={key} path={path} inboxId={inboxId} />
                  ))}
                </ul>
              </>
            )}
            <Strangers identity={identity.data} path={path} inboxId={inboxId} />
          </>
        )}
      </Card>
      {live.length > 0 && <Snippet inboxId={inboxId} identityKey={live[0]!} />}
      {live.length > 0 && <Checker path={path} />}
      <CreateIdentityKey opened={creating} onClose={() => setCreating(false)} path={path} inboxId={inboxId} />
    </Stack>
  )
}

function State({ identity, hasKey }: { identity: InboxIdentity; hasKey: boolean }) {
  const { t } = useTranslation()
  if (!hasKey) return <Tag>{t('identity.off')}</Tag>
  if (identity.enforced) return <Tag tone="ok">{t('identity.enforced')}</Tag>
  return <Tag tone={identity.required ? 'warn' : 'accent'}>{t(identity.required ? 'identity.waits' : 'identity.on')}</Tag>
}

/** Whether somebody may write whom nobody vouches for. */
function Strangers({ identity, path, inboxId }: { identity: InboxIdentity; path: string; inboxId: string }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [busy, setBusy] = useState(false)

  async function choose(required: boolean): Promise<void> {
    setBusy(true)
    try {
      await http.put(path, { required })
      await refresh(`identity ${inboxId}`, 'audit')
      notifications.show({ color: 'teal', message: t('setup.saved'), autoClose: 2500 })
    } catch (problem) {
      notifyProblem(t, problem)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Radio.Group
      mt="lg"
      label={t('identity.who')}
      value={identity.required ? 'required' : 'welcome'}
      onChange={(value) => void choose(value === 'required')}
    >
      <Column gap="sm" mt="xs">
        <Radio
          value="required"
          disabled={busy}
          label={t('identity.required')}
          description={t(identity.enforced ? 'identity.required_now' : 'identity.required_text')}
        />
        <Radio value="welcome" disabled={busy} label={t('identity.welcome')} description={t('identity.welcome_text')} />
      </Column>
    </Radio.Group>
  )
}
