// The next invoice as it stands, line by line, and all that came before.
import { Anchor, Button, Skeleton } from '@mantine/core'
import { IconDownload, IconReceipt } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { Invoice, InvoicePreview } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { useMe } from 'ui/session'
import { date } from 'ui/time'
import { useBilling, useInvoicePreview, useInvoices } from '../data/api'
import { Card, Page, RowsSkeleton, Stack } from '../shell/Page'
import { Tag, type Tone } from '../shell/Tag'
import css from './Billing.module.css'
import { span } from './explain'
import { Lines } from './Lines'
import { money } from './money'

export const INVOICE_TONE: Record<Invoice['status'], Tone> = {
  draft: 'plain',
  open: 'warn',
  paid: 'ok',
  void: 'plain',
  uncollectible: 'danger',
}

const LOOK_EVERY_MS = 30_000

export function InvoicesPage() {
  const { t } = useTranslation()
  return (
    <Page title={t('nav.invoices')} text={t('billing.invoices.text')}>
      <Stack>
        <Next />
        <History />
      </Stack>
    </Page>
  )
}

function Next() {
  const { t, i18n } = useTranslation()
  const next = useInvoicePreview({ every: LOOK_EVERY_MS })
  const billing = useBilling()
  const { account } = useMe()
  const preview = next.data?.preview
  return (
    <Card
      title={t('billing.next.title')}
      text={
        preview
          ? t('billing.next.text', { date: date(preview.period_to, i18n.language) })
          : next.isPending
            ? t('common.loading')
            : undefined
      }
    >
      {next.isPending && (
        <div role="status" aria-label={t('common.loading')}>
          {/* A free plan has no lines. */}
          {(account.plan === 'free' ? [0] : [0, 1, 2, 3]).map((row) => (
            <div key={row} className={css.lineSkeleton}>
              <div>
                <Skeleton height={13} width={150} mb={10} />
                <Skeleton height={10} width={200} mb={9} />
                <Skeleton height={10} width={170} />
              </div>
              <Skeleton height={13} width={58} />
            </div>
          ))}
          <div className={css.sumSkeleton}>
            <Skeleton height={16} width="100%" />
          </div>
        </div>
      )}
      {next.isError && <ProblemState compact problem={next.error} onRetry={() => void next.refetch()} />}
      {next.isSuccess && !preview && (
        <EmptyState
          compact
          icon={<IconReceipt />}
          title={t('billing.next.none')}
          text={t('billing.next.none_text')}
          action={
            <Button component={Link} href="/billing" variant="default" size="xs">
              {t('billing.next.plans')}
            </Button>
          }
        />
      )}
      {preview && (
        <>
          <Lines
            label={t('billing.next.title')}
            lines={preview.lines}
            currency={preview.currency}
            sums={previewSums(t, preview)}
          />
          <p className={css.note}>
            {t('billing.next.so_far')}{' '}
            {t(billing.data?.provider === 'local' ? 'billing.order.nobody_charged' : 'billing.order.tax')}
          </p>
        </>
      )}
    </Card>
  )
}

function previewSums(t: (key: string) => string, preview: InvoicePreview) {
  const credit =
    preview.credit_minor > 0
      ? [
          { label: t('billing.sum.subtotal'), minor: preview.subtotal_minor },
          { label: t('billing.sum.credit'), minor: -preview.credit_minor },
        ]
      : []
  return [...credit, { label: t('billing.sum.so_far'), minor: preview.total_minor, total: true }]
}

function History() {
  const { t } = useTranslation()
  const invoices = useInvoices()
  const all = invoices.data?.pages.flatMap((page) => page.data) ?? []
  return (
    <Card flush title={t('billing.history.title')}>
      {invoices.isPending && <RowsSkeleton rows={3} />}
      {invoices.isError && <ProblemState compact problem={invoices.error} onRetry={() => void invoices.refetch()} />}
      {invoices.isSuccess && all.length === 0 && (
        <EmptyState
          compact
          icon={<IconReceipt />}
          title={t('billing.history.empty')}
          text={t('billing.history.empty_text')}
        />
      )}
      {all.length > 0 && (
        <table className={css.history}>
          <caption className="fd-sr">{t('billing.history.title')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('billing.history.date')}</th>
              <th scope="col">{t('billing.history.period')}</th>
              <th scope="col">{t('billing.history.status')}</th>
              <th scope="col">{t('billing.history.amount')}</th>
              <th scope="col">
                <span className="fd-sr">{t('billing.history.download')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {all.map((invoice) => (
              <Row key={invoice.id} invoice={invoice} />
            ))}
          </tbody>
        </table>
      )}
      {invoices.hasNextPage && (
        <div className={css.more}>
          <Button
            variant="subtle"
            size="xs"
            loading={invoices.isFetchingNextPage}
            onClick={() => void invoices.fetchNextPage()}
          >
            {t('common.load_more')}
          </Button>
        </div>
      )}
    </Card>
  )
}

function Row({ invoice }: { invoice: Invoice }) {
  const { t, i18n } = useTranslation()
  const locale = i18n.language
  const name = invoice.number ?? t('billing.history.no_number')
  return (
    <tr>
      <th scope="row">
        <Anchor component={Link} href={`/invoices/${invoice.id}`} inherit>
          {date(invoice.issued_at, locale)}
        </Anchor>
        <small>{name}</small>
      </th>
      <td data-wide>{span(invoice.period_from, invoice.period_to, locale)}</td>
      <td>
        <Tag tone={INVOICE_TONE[invoice.status]}>{t(`billing.status.${invoice.status}`)}</Tag>
      </td>
      <td data-number>{money(invoice.total_minor, invoice.currency, locale)}</td>
      <td data-number>
        {invoice.pdf_url ? (
          <Anchor href={invoice.pdf_url} aria-label={t('billing.history.pdf_of', { name })} className={css.pdf}>
            <IconDownload size={16} aria-hidden /> PDF
          </Anchor>
        ) : (
          <Anchor
            component={Link}
            href={`/invoices/${invoice.id}`}
            aria-label={t('billing.history.open_of', { name })}
            className={css.pdf}
          >
            {t('billing.history.open')}
          </Anchor>
        )}
      </td>
    </tr>
  )
}
