// A bar a day, drawn by uPlot, with the same numbers in a table for those who do not see it.
import 'uplot/dist/uPlot.min.css'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import uPlot from 'uplot'
import type { Meter } from 'client/types'
import { amount } from './amounts'
import css from './Chart.module.css'
import { dayName } from './periods'
import { axes, ink, plot, pointed, type Tip } from './plot'

export function DailyChart(props: { days: Meter['daily']; label: string; height: number; of: Meter['meter'] }) {
  const { t, i18n } = useTranslation()
  const { days, label, height, of } = props
  const scheme = useComputedColorScheme('light')
  const holder = useRef<HTMLDivElement>(null)
  const [tip, setTip] = useState<Tip | null>(null)
  const locale = i18n.language
  const quiet = days.every((day) => day.quantity === 0)

  useEffect(() => {
    const element = holder.current
    if (!element || quiet) return
    const pen = ink(element)
    const bars = uPlot.paths.bars?.({ size: [0.62, 26, 2], radius: 0.28 })
    const most = Math.max(...days.map((day) => day.quantity), 4)
    const down = plot(
      element,
      height,
      {
        // Days are counted, not timed: bars stand evenly whatever summer time does.
        scales: { x: { time: false, range: [-0.7, Math.max(days.length, 8) - 0.3] }, y: { range: [0, most * 1.12] } },
        axes: axes(
          pen,
          days.map((day) => day.day),
          locale,
        ),
        series: [
          {},
          {
            fill: pen.color('--fd-accent'),
            stroke: pen.color('--fd-accent'),
            width: 0,
            paths: bars,
            points: { show: false },
          },
        ],
        hooks: { setCursor: [(chart) => setTip(pointed(chart, (index) => days[index]?.quantity))] },
      },
      [days.map((_, index) => index), days.map((day) => day.quantity)],
    )
    return () => {
      down()
      setTip(null)
    }
  }, [days, height, quiet, scheme, locale])

  const shown = tip ? days[tip.index] : undefined
  if (quiet)
    return (
      <div className={css.quiet} style={{ height }}>
        {t('usage.quiet')}
      </div>
    )
  return (
    <div className={css.root}>
      <div ref={holder} aria-hidden className={css.chart} style={{ height }} />
      {tip && shown && (
        <div className={css.tip} style={{ left: tip.left, top: tip.top }} aria-hidden>
          <b>{amount(of, shown.quantity, locale)}</b> {dayName(shown.day, locale)}
        </div>
      )}
      <table className="fd-sr">
        <caption>{label}</caption>
        <tbody>
          {days.map((day) => (
            <tr key={day.day}>
              <th scope="row">{dayName(day.day, locale)}</th>
              <td>{amount(of, day.quantity, locale)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
