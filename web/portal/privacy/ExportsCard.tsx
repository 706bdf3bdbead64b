// Archives: asked for, being made, ready to be fetched by whoever asked, gone after a week.
import { Button, Progress } from '@mantine/core'
import { IconArchive, IconDownload, IconPackageExport, IconUser } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DataExport, DownloadLink, Page as List } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { notifyProblem, ProblemState } from 'ui/ProblemAlert'
import { RelativeTime } from 'ui/RelativeTime'
import { saveFile } from 'ui/saveFile'
import { http, useMe } from 'ui/session'
import { date } from 'ui/time'
import { useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { Card, RowsSkeleton } from '../shell/Page'
import { Tag, type Tone } from '../shell/Tag'
import css from './Data.module.css'
import { amount, isGoingOn } from './exports'

const LOOK_EVERY_MS = 1500

export function useExports() {
  const account = useMe().account.id
  return useQuery({
    queryKey: [account, 'exports'],
    queryFn: ({ signal }) => http.get<List<DataExport>>('/v1/data-exports', undefined, { signal }),
    select: (page) => page.data,
    refetchInterval: ({ state }) => (state.data?.data.some(isGoingOn) ? LOOK_EVERY_MS : false),
  })
}

export function ExportsCard() {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const exports = useExports()
  const [busy, setBusy] = useState(false)
  const all = exports.data ?? []
  const making = all.some((one) => one.holds === 'account' && isGoingOn(one))

  async function ask(): Promise<void> {
    setBusy(true)
    try {
      await http.post('/v1/data-exports', { holds: 'account' })
      await refresh('exports')
    } catch (failure) {
      notifyProblem(t, failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Card
      flush
      title={t('data.exports')}
      text={t('data.exports_text')}
      aside={
        <Button
          className={css.action ?? ''}
          variant="default"
          leftSection={<IconPackageExport size={16} />}
          loading={busy}
          disabled={making}
          onClick={() => void ask()}
        >
          {t('data.export_account')}
        </Button>
      }
    >
      {exports.isPending && <RowsSkeleton rows={2} />}
      {exports.isError && <ProblemState compact problem={exports.error} onRetry={() => void exports.refetch()} />}
      {exports.isSuccess && all.length === 0 && (
        <EmptyState compact icon={<IconArchive />} title={t('data.no_exports')} text={t('data.no_exports_text')} />
      )}
      <ul className={css.list}>
        {all.map((one) => (
          <Row key={one.id} one={one} />
        ))}
      </ul>
    </Card>
  )
}

const TONES: Record<DataExport['status'], Tone> = {
  waiting: 'accent',
  working: 'accent',
  ready: 'ok',
  failed: 'danger',
  expired: 'plain',
  withdrawn: 'plain',
}

function Row({ one }: { one: DataExport }) {
  const { t, i18n } = useTranslation()
  const me = useMe()
  const refresh = useRefresh()
  const [busy, setBusy] = useState(false)
  const [asking, setAsking] = useState(false)
  const mine = one.requested_by === me.agent.id
  const title = t(`data.holds.${one.holds}`)

  async function fetchIt(): Promise<void> {
    setBusy(true)
    try {
      const link = await http.post<DownloadLink>(`/v1/data-exports/${one.id}/link`)
      saveFile(await http.file(link.url, undefined, { timeout: 600_000 }), 'frontdesk.zip')
    } catch (failure) {
      notifyProblem(t, failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <li className={css.row}>
      <span className={css.icon} aria-hidden>
        {one.holds === 'account' ? <IconArchive size={18} stroke={1.7} /> : <IconUser size={18} stroke={1.7} />}
      </span>
      <div className={css.body}>
        <div className={css.name}>
          <span>{title}</span>
          <Tag tone={TONES[one.status]}>{t(`data.status.${one.status}`)}</Tag>
        </div>
        <div className={css.meta}>
          <RelativeTime at={one.created_at} long />
          {one.bytes !== null && one.status === 'ready' && ` · ${amount(one.bytes, i18n.language)}`}
          {one.status === 'ready' && one.expires_at && (
            <> · {t('data.until', { date: date(one.expires_at, i18n.language) })}</>
          )}
          {!mine && ` · ${t('data.of_colleague')}`}
        </div>
        {isGoingOn(one) && (
          <Progress value={Math.max(4, one.percent)} size="sm" mt={8} animated aria-label={t('data.progress')} />
        )}
      </div>
      <div className={css.buttons}>
        {one.status === 'ready' && mine && (
          <Button
            size="compact-sm"
            leftSection={<IconDownload size={14} />}
            loading={busy}
            onClick={() => void fetchIt()}
          >
            {t('data.download')}
          </Button>
        )}
        {(one.status === 'ready' || isGoingOn(one)) && (
          <Button size="compact-sm" variant="subtle" color="red" onClick={() => setAsking(true)}>
            {t('data.withdraw')}
          </Button>
        )}
      </div>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('data.withdraw_title')}
        text={t('data.withdraw_text')}
        action={t('data.withdraw')}
        danger
        onConfirm={async () => {
          await http.delete(`/v1/data-exports/${one.id}`)
          await refresh('exports')
        }}
      />
    </li>
  )
}
