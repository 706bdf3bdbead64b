// Networks from which no visitors are let in: the list, one more, and letting one in again.
import { Button } from '@mantine/core'
import { IconPlus, IconWorldOff } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AddressBlock } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { dateTime } from 'ui/time'
import { useAddressBlocks, useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { Card, RowsSkeleton } from '../shell/Page'
import { BlockDialog } from './BlockDialog'
import css from './Safety.module.css'

export function AddressesCard() {
  const { t } = useTranslation()
  const blocks = useAddressBlocks()
  const [adding, setAdding] = useState(false)
  return (
    <Card
      flush
      title={t('safety.addresses')}
      text={t('safety.addresses_text')}
      aside={
        <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
          {t('safety.block')}
        </Button>
      }
    >
      {blocks.isPending && <RowsSkeleton rows={2} />}
      {blocks.isError && <ProblemState compact problem={blocks.error} onRetry={() => void blocks.refetch()} />}
      {blocks.data?.length === 0 && (
        <EmptyState icon={<IconWorldOff />} title={t('safety.addresses_none')} text={t('safety.addresses_none_text')} />
      )}
      <ul className={css.list} aria-label={t('safety.addresses')}>
        {blocks.data?.map((block) => (
          <BlockRow key={block.id} block={block} />
        ))}
      </ul>
      <BlockDialog opened={adding} onClose={() => setAdding(false)} />
    </Card>
  )
}

function BlockRow({ block }: { block: AddressBlock }) {
  const { t, i18n } = useTranslation()
  const refresh = useRefresh()
  const [asking, setAsking] = useState(false)
  const ends = block.ends_at
    ? t('safety.until', { date: dateTime(block.ends_at, i18n.language) })
    : t('safety.without_end')
  return (
    <li className={css.row}>
      <div className={css.body}>
        <div className={css.network}>{block.network}</div>
        <div className={css.meta}>{block.note ? `${ends} · ${block.note}` : ends}</div>
      </div>
      <Button
        size="compact-sm"
        variant="subtle"
        color="red"
        aria-label={`${t('safety.unblock')}: ${block.network}`}
        onClick={() => setAsking(true)}
      >
        {t('safety.unblock')}
      </Button>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('safety.unblock_title', { network: block.network })}
        text={t('safety.unblock_text')}
        action={t('safety.unblock')}
        onConfirm={async () => {
          await http.delete(`/v1/safety/addresses/${encodeURIComponent(block.id)}`)
          await refresh('address-blocks', 'audit')
        }}
      />
    </li>
  )
}
