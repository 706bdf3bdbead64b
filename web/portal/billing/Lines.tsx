// The lines of an invoice, each with how its amount came to be, and what they come to.
import { useTranslation } from 'react-i18next'
import type { Currency, InvoiceLine } from 'client/types'
import { explain } from './explain'
import css from './Lines.module.css'
import { money } from './money'

export interface Sum {
  label: string
  minor: number
  /** The one that counts. */
  total?: boolean
}

export function Lines(props: { label: string; lines: InvoiceLine[]; currency: Currency; sums: Sum[] }) {
  const { t, i18n } = useTranslation()
  const { currency } = props
  const locale = i18n.language
  return (
    <table className={css.table}>
      <caption className="fd-sr">{props.label}</caption>
      <thead className="fd-sr">
        <tr>
          <th scope="col">{t('billing.line.what')}</th>
          <th scope="col">{t('billing.line.amount')}</th>
        </tr>
      </thead>
      <tbody>
        {props.lines.map((line, index) => {
          const { title, notes } = explain(t, line, currency, locale)
          return (
            <tr key={index}>
              <th scope="row">
                <span className={css.title}>{title}</span>
                {notes.map((note) => (
                  <span key={note} className={css.note}>
                    {note}
                  </span>
                ))}
              </th>
              <td>{money(line.amount_minor, currency, locale)}</td>
            </tr>
          )
        })}
      </tbody>
      <tfoot>
        {props.sums.map(({ label, minor, total }) => (
          <tr key={label} data-total={total || undefined}>
            <th scope="row">{label}</th>
            <td>{money(minor, currency, locale)}</td>
          </tr>
        ))}
      </tfoot>
    </table>
  )
}
