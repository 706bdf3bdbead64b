// How fast the company may go, and whether it was ever told to slow down.
import { Skeleton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ProblemState } from 'ui/ProblemAlert'
import { useLimits } from '../data/api'
import { Card } from '../shell/Page'
import { Tag } from '../shell/Tag'
import css from './Pace.module.css'

export function PaceCard() {
  const { t, i18n } = useTranslation()
  const limits = useLimits({ every: 30_000 })
  const number = new Intl.NumberFormat(i18n.language)

  return (
    <Card flush id="pace" title={t('pace.title')} text={t('pace.text')}>
      {limits.isPending && <Skeleton height={120} m={22} />}
      {limits.isError && <ProblemState compact problem={limits.error} onRetry={() => void limits.refetch()} />}
      {limits.data && (
        <ul className={css.list}>
          {limits.data.counts.map(({ class: name, per_minute, burst, refused }) => (
            <li key={name} className={css.row}>
              <span className={css.name}>{t(`pace.class.${name}`)}</span>
              <span className={css.amount}>
                {t('pace.per_minute', { number: number.format(per_minute) })}
                <small>{t('pace.burst', { number: number.format(burst) })}</small>
              </span>
              {refused > 0 ? (
                <Tag tone="warn">{t('pace.refused', { number: number.format(refused) })}</Tag>
              ) : (
                <Tag tone="ok">{t('pace.never')}</Tag>
              )}
            </li>
          ))}
          {limits.data.pace.sockets !== null && (
            <li className={css.row}>
              <span className={css.name}>{t('pace.class.sockets')}</span>
              <span className={css.amount}>
                {t('pace.open', {
                  open: number.format(limits.data.sockets_open),
                  most: number.format(limits.data.pace.sockets),
                })}
              </span>
              <Tag tone={limits.data.sockets_open >= limits.data.pace.sockets ? 'warn' : 'ok'}>
                {t(limits.data.sockets_open >= limits.data.pace.sockets ? 'pace.full' : 'pace.room')}
              </Tag>
            </li>
          )}
          {limits.data.counts.length === 0 && <li className={css.row}>{t('pace.unbounded')}</li>}
        </ul>
      )}
    </Card>
  )
}
