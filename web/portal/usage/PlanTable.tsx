// The plans beside each other, the present one marked.
import { useTranslation } from 'react-i18next'
import type { Limits, Plan } from 'client/types'
import { Tag } from '../shell/Tag'
import { bytes, wholeNumber } from './amounts'
import css from './Usage.module.css'

const ROWS: (keyof Limits)[] = ['agents', 'inboxes', 'conversations_per_month', 'messages_per_month', 'storage_bytes']

export function PlanTable({ plans, current }: { plans: Plan[]; current: Plan['id'] }) {
  const { t, i18n } = useTranslation()
  // The private plan belongs to installations of one's own; nobody moves up to it.
  const shown = plans.filter((plan) => plan.id !== 'private' || current === 'private')
  const words = (limits: Limits, row: keyof Limits) => {
    const value = limits[row]
    if (value === null) return t('usage.no_limit')
    return row === 'storage_bytes' ? bytes(value, i18n.language) : wholeNumber(value, i18n.language)
  }

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls sideways on small screens
    <div className={css.tableScroll} tabIndex={0} role="group" aria-label={t('usage.plans')}>
      <table className={css.table}>
        <thead>
          <tr>
            <td />
            {shown.map((plan) => (
              <th key={plan.id} scope="col" data-current={plan.id === current || undefined}>
                {t(`plan.${plan.id}`, { defaultValue: plan.name })}
                {plan.id === current && (
                  <span className={css.yours}>
                    <Tag tone="accent">{t('usage.yours')}</Tag>
                  </span>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ROWS.map((row) => (
            <tr key={row}>
              <th scope="row">{t(`usage.row.${row}`)}</th>
              {shown.map((plan) => (
                <td key={plan.id} data-current={plan.id === current || undefined}>
                  {words(plan.limits, row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
