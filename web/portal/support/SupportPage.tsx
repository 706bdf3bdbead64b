// Letting Frontdesk's own people in: for how long, how far, who came, and out with them at once.
import { Button, Checkbox, Select } from '@mantine/core'
import { IconDoorEnter, IconDoorExit, IconEye, IconLock } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SupportAccess, SupportVisit } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemAlert, ProblemState } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useSupportAccess } from 'ui/SupportBanner'
import { dateTime } from 'ui/time'
import { Card, Page, RowsSkeleton, Stack } from '../shell/Page'
import { Tag } from '../shell/Tag'
import css from './Support.module.css'

const HOURS = [1, 4, 8, 24, 72]

export function SupportPage() {
  const { t } = useTranslation()
  const access = useSupportAccess()
  return (
    <Page title={t('nav.support')} text={t('support_page.text')}>
      {access.data ? (
        <Stack>
          <Consent access={access.data} />
          <Visits visits={access.data.visits} />
        </Stack>
      ) : access.isError ? (
        <ProblemState problem={access.error} onRetry={() => void access.refetch()} />
      ) : (
        <RowsSkeleton />
      )}
    </Page>
  )
}

function Consent({ access }: { access: SupportAccess }) {
  const { t, i18n } = useTranslation()
  const account = useMe().account.id
  const client = useQueryClient()
  const [hours, setHours] = useState(8)
  const [changes, setChanges] = useState(false)
  const look = () => client.invalidateQueries({ queryKey: [account, 'support-access'] })
  const grant = useMutation({
    mutationFn: () => http.post('/v1/account/support-access', { hours, changes }),
    onSuccess: look,
  })
  const revoke = useMutation({ mutationFn: () => http.delete('/v1/account/support-access'), onSuccess: look })

  if (access.grant) {
    const until = dateTime(access.grant.expires_at, i18n.language)
    return (
      <Card
        title={t('support_page.open')}
        text={t(access.grant.changes ? 'support_page.open_changes' : 'support_page.open_looks', { until })}
      >
        <ProblemAlert problem={revoke.error} />
        <Button
          color="red.9"
          size="xs"
          leftSection={<IconDoorExit size={16} aria-hidden />}
          loading={revoke.isPending}
          onClick={() => revoke.mutate()}
        >
          {t('support_page.revoke')}
        </Button>
      </Card>
    )
  }
  return (
    <Card title={t('support_page.closed')} text={t('support_page.closed_text')}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          grant.mutate()
        }}
      >
        <ProblemAlert problem={grant.error} />
        <Select
          className={css.hours ?? ''}
          label={t('support_page.hours')}
          allowDeselect={false}
          value={String(hours)}
          onChange={(value) => value && setHours(Number(value))}
          data={HOURS.map((count) => ({ value: String(count), label: t('support_page.for_hours', { count }) }))}
        />
        <Checkbox
          label={t('support_page.changes')}
          description={t('support_page.changes_text')}
          checked={changes}
          onChange={(event) => setChanges(event.currentTarget.checked)}
        />
        <div>
          <Button type="submit" size="xs" leftSection={<IconDoorEnter size={16} aria-hidden />} loading={grant.isPending}>
            {t('support_page.grant')}
          </Button>
        </div>
      </form>
    </Card>
  )
}

function Visits({ visits }: { visits: SupportVisit[] }) {
  const { t, i18n } = useTranslation()
  if (visits.length === 0) {
    return (
      <Card title={t('support_page.visits')}>
        <EmptyState icon={<IconLock />} title={t('support_page.nobody')} text={t('support_page.nobody_text')} />
      </Card>
    )
  }
  return (
    <Card title={t('support_page.visits')} text={t('support_page.visits_text')}>
      <ul className={css.visits}>
        {visits.map((visit) => (
          <li key={visit.id} className={css.visit}>
            <IconEye size={18} aria-hidden className={css.eye} />
            <div className={css.what}>
              <strong>{visit.operator}</strong>
              <span>{visit.reason}</span>
              <span className={css.when}>
                {dateTime(visit.begun_at, i18n.language)} – {dateTime(visit.expires_at, i18n.language)}
                {' · '}
                {t(visit.changes ? 'support_page.could_change' : 'support_page.could_look')}
              </span>
            </div>
            {visit.live && <Tag tone="warn">{t('support_page.live')}</Tag>}
          </li>
        ))}
      </ul>
    </Card>
  )
}
