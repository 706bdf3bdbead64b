// Each wait as a point: how long was said, how long it was. On the line it was right; its minutes grow by powers, for waits do.
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import css from './Estimates.module.css'
import { scaleOf, tally, ticksOf, type WaitPoint } from './points'

const WIDTH = 640
const HEIGHT = 360
const LEFT = 52
const BOTTOM = 40
const TOP = 10
const RIGHT = 26

export function Scatter({ points }: { points: readonly WaitPoint[] }) {
  const { t } = useTranslation()
  const title = useId()
  const scale = scaleOf(points)
  const x = (seconds: number) => LEFT + scale(seconds) * (WIDTH - LEFT - RIGHT)
  const y = (seconds: number) => HEIGHT - BOTTOM - scale(seconds) * (HEIGHT - BOTTOM - TOP)
  const ticks = ticksOf(points)
  const counts = tally(points)
  const name = (seconds: number) =>
    seconds < 60
      ? t('estimates.seconds', { count: seconds })
      : t('estimates.minutes', { count: Math.round(seconds / 60) })
  const first = ticks[0] ?? 1
  const last = ticks.at(-1) ?? first

  return (
    <figure className={css.chart}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={title}>
        <title id={title}>{t('estimates.spoken', counts)}</title>
        {ticks.map((tick) => (
          <g key={tick} className={css.tick}>
            <line x1={x(tick)} x2={x(tick)} y1={TOP} y2={HEIGHT - BOTTOM} />
            <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} />
            <text x={x(tick)} y={HEIGHT - BOTTOM + 16} textAnchor="middle">
              {name(tick)}
            </text>
            <text x={LEFT - 8} y={y(tick) + 4} textAnchor="end">
              {name(tick)}
            </text>
          </g>
        ))}
        <line className={css.even} x1={x(first)} y1={y(first)} x2={x(last)} y2={y(last)} />
        {points.map((point, at) => (
          <circle key={at} className={css.point} cx={x(point.predicted)} cy={y(point.actual)} r={3.6} />
        ))}
        <text className={css.axis} x={WIDTH - RIGHT} y={HEIGHT - 6} textAnchor="end">
          {t('estimates.said')} →
        </text>
        <text className={css.axis} x={LEFT} y={TOP} dx={6} dy={8}>
          ↑ {t('estimates.was')}
        </text>
      </svg>
      <figcaption>{t('estimates.spoken', counts)}</figcaption>
    </figure>
  )
}
