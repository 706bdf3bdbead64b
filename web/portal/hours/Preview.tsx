// The coming two weeks as bars, by the wall clock of the calendar's own time zone; the same in words for who does not see them.
import { useTranslation } from 'react-i18next'
import type { Calendar } from 'client/types'
import { useNow } from 'ui/RelativeTime'
import setup from '../setup/Setup.module.css'
import { Card } from '../shell/Page'
import { clockOf, plan, todayIn } from './calendar'
import css from './Hours.module.css'

const DAYS = 14
const DAY = 24 * 60

export function Preview({ calendar }: { calendar: Calendar }) {
  const { t, i18n } = useTranslation()
  const now = useNow()
  const today = todayIn(calendar.time_zone, now)
  const days = plan(calendar, today, DAYS)
  const name = new Intl.DateTimeFormat(i18n.language, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
  })
  return (
    <aside className={setup.aside}>
      <Card title={t('hours.preview')} text={t('hours.preview_text', { zone: calendar.time_zone })}>
        <div className={css.scale} aria-hidden>
          {[0, 6, 12, 18, 24].map((hour) => (
            <span key={hour}>{hour}</span>
          ))}
        </div>
        <ol className={css.preview}>
          {days.map((day) => {
            const words =
              day.spans.length === 0
                ? t('hours.closed')
                : day.spans.map(([from, to]) => `${clockOf(from)}–${clockOf(to)}`).join(', ')
            return (
              <li key={day.date} data-today={day.date === today || undefined} title={words}>
                <span className={css.label}>{name.format(Date.parse(`${day.date}T12:00:00Z`))}</span>
                <span className={css.track} aria-hidden>
                  {day.spans.map(([from, to]) => (
                    <i key={from} style={{ left: `${(from / DAY) * 100}%`, width: `${((to - from) / DAY) * 100}%` }} />
                  ))}
                </span>
                <span className="fd-sr">{words}</span>
                {day.special && <span className={css.what}>{day.special.name || t('hours.special_day')}</span>}
              </li>
            )
          })}
        </ol>
      </Card>
    </aside>
  )
}
