// One invoice, every line explained; as it is printed, when its maker has no document of its own to download.
import { Button, Skeleton } from '@mantine/core'
import { IconDownload, IconExternalLink, IconPrinter } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { ProblemState } from 'ui/ProblemAlert'
import { useMe } from 'ui/session'
import { date } from 'ui/time'
import { useInvoice } from '../data/api'
import { Card, Page } from '../shell/Page'
import { Tag } from '../shell/Tag'
import css from './Billing.module.css'
import { span } from './explain'
import { INVOICE_TONE } from './InvoicesPage'
import { Lines, type Sum } from './Lines'

export function InvoicePage({ id }: { id: string }) {
  const { t, i18n } = useTranslation()
  const { account } = useMe()
  const invoice = useInvoice(id)
  const locale = i18n.language
  const data = invoice.data
  const title = data?.number ? t('billing.invoice.title', { number: data.number }) : t('billing.invoice.untitled')
  const left = data ? data.total_minor - data.paid_minor : 0
  const sums: Sum[] = data
    ? [
        ...(data.tax_minor === null
          ? []
          : [
              { label: t('billing.sum.subtotal'), minor: data.subtotal_minor },
              { label: t('billing.sum.tax'), minor: data.tax_minor },
            ]),
        { label: t('billing.sum.total'), minor: data.total_minor, total: true },
        ...(data.status === 'open' && data.paid_minor > 0
          ? [
              { label: t('billing.sum.paid'), minor: -data.paid_minor },
              { label: t('billing.sum.left'), minor: left, total: true },
            ]
          : []),
      ]
    : []

  return (
    <Page
      title={title}
      back={{ href: '/invoices', label: t('nav.invoices') }}
      actions={
        data && (
          <>
            {data.hosted_url && data.status === 'open' && (
              <Button component="a" href={data.hosted_url} rightSection={<IconExternalLink size={15} aria-hidden />}>
                {t('billing.pay_now')}
              </Button>
            )}
            {data.pdf_url ? (
              <Button
                component="a"
                href={data.pdf_url}
                variant="default"
                leftSection={<IconDownload size={16} aria-hidden />}
              >
                {t('billing.invoice.pdf')}
              </Button>
            ) : (
              <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => print()}>
                {t('billing.invoice.print')}
              </Button>
            )}
          </>
        )
      }
    >
      <Card>
        {invoice.isPending && (
          <div role="status" aria-label={t('common.loading')}>
            <Skeleton height={44} mb={26} />
            <Skeleton height={190} />
          </div>
        )}
        {invoice.isError && <ProblemState problem={invoice.error} onRetry={() => void invoice.refetch()} />}
        {data && (
          <>
            <dl className={css.facts}>
              <div>
                <dt>{t('billing.invoice.to')}</dt>
                <dd>{account.name}</dd>
              </div>
              <div>
                <dt>{t('billing.history.date')}</dt>
                <dd>{date(data.issued_at, locale)}</dd>
              </div>
              <div>
                <dt>{t('billing.history.period')}</dt>
                <dd>{span(data.period_from, data.period_to, locale)}</dd>
              </div>
              <div>
                <dt>{t('billing.history.status')}</dt>
                <dd>
                  <Tag tone={INVOICE_TONE[data.status]}>{t(`billing.status.${data.status}`)}</Tag>
                </dd>
              </div>
            </dl>
            <div className={css.sheet}>
              <Lines label={title} lines={data.lines} currency={data.currency} sums={sums} />
            </div>
            {data.provider === 'local' && <p className={css.note}>{t('billing.invoice.local')}</p>}
          </>
        )}
      </Card>
    </Page>
  )
}
