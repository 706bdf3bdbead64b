// A bar a day, drawn by uPlot, with the same numbers in a table for those who do not see it.
import 'uplot/dist/uPlot.min.css'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import uPlot from 'uplot'
import type { Meter } from 'client/types'
import { amount, compactNumber } from './amounts'
import css from './DailyChart.module.css'
import { dayName } from './periods'

interface Tip {
  index: number
  left: number
  top: number
}

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
    const style = getComputedStyle(element)
    const color = (name: string) => style.getPropertyValue(name).trim()
    const font = `11px ${style.fontFamily}`
    const bars = uPlot.paths.bars?.({ size: [0.62, 26, 2], radius: 0.28 })
    const most = Math.max(...days.map((day) => day.quantity), 4)

    const chart = new uPlot(
      {
        width: element.clientWidth,
        height,
        padding: [8, 0, 0, 0],
        legend: { show: false },
        cursor: { x: true, y: false, points: { show: false }, drag: { x: false, y: false } },
        // Days are counted, not timed: bars stand evenly whatever summer time does.
        scales: { x: { time: false, range: [-0.7, Math.max(days.length, 8) - 0.3] }, y: { range: [0, most * 1.12] } },
        axes: [
          {
            stroke: color('--fd-text-faint'),
            font,
            size: 26,
            gap: 6,
            grid: { show: false },
            ticks: { show: false },
            space: 64,
            incrs: [1, 2, 5, 7, 10, 15],
            values: (_chart, ticks) =>
              ticks.map((tick) => {
                const day = Number.isInteger(tick) ? days[tick] : undefined
                return day ? dayName(day.day, locale) : ''
              }),
          },
          {
            stroke: color('--fd-text-faint'),
            font,
            size: 44,
            gap: 8,
            grid: { stroke: color('--fd-line'), width: 1 },
            ticks: { show: false },
            space: 44,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 5e4, 1e5, 1e6],
            values: (_chart, ticks) => ticks.map((tick) => compactNumber(tick, locale)),
          },
        ],
        series: [
          {},
          { fill: color('--fd-accent'), stroke: color('--fd-accent'), width: 0, paths: bars, points: { show: false } },
        ],
        hooks: {
          setCursor: [
            (self) => {
              const index = self.cursor.idx
              const value = index === null || index === undefined ? undefined : days[index]
              if (index === null || index === undefined || !value || (self.cursor.left ?? -1) < 0) return setTip(null)
              setTip({
                index,
                left: self.valToPos(index, 'x') + self.bbox.left / devicePixelRatio,
                top: self.valToPos(value.quantity, 'y') + self.bbox.top / devicePixelRatio,
              })
            },
          ],
        },
      },
      [days.map((_, index) => index), days.map((day) => day.quantity)],
      element,
    )
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      chart.destroy()
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
