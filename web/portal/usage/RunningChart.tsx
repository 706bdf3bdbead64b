// What has been used since the period began, against what is included, and where it will end if it goes on like this; the same
// numbers in a table for those who do not see it.
import 'uplot/dist/uPlot.min.css'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Meter } from 'client/types'
import { amount } from './amounts'
import css from './Chart.module.css'
import { dayName } from './periods'
import { axes, ink, plot, pointed, type Tip } from './plot'
import { running, top } from './running'

export function RunningChart(props: { meter: Meter; to: string; label: string; height: number }) {
  const { t, i18n } = useTranslation()
  const { meter, to, label, height } = props
  const scheme = useComputedColorScheme('light')
  const holder = useRef<HTMLDivElement>(null)
  const [tip, setTip] = useState<Tip | null>(null)
  const locale = i18n.language
  const run = useMemo(() => running(meter, to), [meter, to])
  const scale = top(run, meter.included)
  const { most, shows } = scale
  const { included, meter: of } = meter
  const quiet = meter.used === 0

  useEffect(() => {
    const element = holder.current
    if (!element || quiet) return
    const pen = ink(element)
    const accent = pen.color('--fd-accent')
    const down = plot(
      element,
      height,
      {
        scales: { x: { time: false, range: [-0.5, run.days.length - 0.5] }, y: { range: [0, most * 1.12] } },
        axes: axes(pen, run.days, locale),
        series: [
          {},
          { stroke: accent, width: 2, fill: pen.color('--fd-selected'), points: { show: run.days.length === 1 } },
          { stroke: accent, width: 2, dash: [5, 5], points: { show: false } },
          { stroke: pen.color('--fd-away'), width: 2, points: { show: false } },
        ],
        hooks: {
          setCursor: [(chart) => setTip(pointed(chart, (index) => run.used[index] ?? run.forecast[index]))],
        },
      },
      [run.days.map((_, index) => index), run.used, run.forecast, run.days.map(() => (shows ? included : null))],
    )
    return () => {
      down()
      setTip(null)
    }
  }, [run, most, shows, included, height, quiet, scheme, locale])

  if (quiet)
    return (
      <div className={css.quiet} style={{ height: height + 26 }}>
        {t('usage.quiet')}
      </div>
    )
  const shown = tip ? (run.used[tip.index] ?? run.forecast[tip.index] ?? null) : null
  const ahead = tip !== null && run.used[tip.index] === null
  const day = (index: number) => dayName(run.days[index] ?? '', locale)
  const words = (value: number) => amount(of, Math.round(value), locale)
  return (
    <div className={css.root}>
      <div ref={holder} aria-hidden className={css.chart} style={{ height }} />
      {tip && shown !== null && (
        <div className={css.tip} style={{ left: tip.left, top: tip.top }} aria-hidden>
          <b>{words(shown)}</b> {day(tip.index)}
          {ahead && ` · ${t('usage.forecast')}`}
        </div>
      )}
      <ul className={css.legend} aria-hidden>
        <li>
          <i data-line="used" />
          {t('usage.used')}
        </li>
        {meter.forecast !== null && (
          <li>
            <i data-line="forecast" />
            {t('usage.forecast')}
          </li>
        )}
        {included !== null && (
          <li>
            {shows && <i data-line="included" />}
            {t(shows ? 'usage.included' : 'usage.included_far', { amount: amount(of, included, locale) })}
          </li>
        )}
      </ul>
      <table className="fd-sr">
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">{t('usage.day')}</th>
            <th scope="col">{t('usage.used')}</th>
            <th scope="col">{t('usage.forecast')}</th>
          </tr>
        </thead>
        <tbody>
          {run.days.map((name, index) => {
            const used = run.used[index] ?? null
            const forecast = run.forecast[index] ?? null
            return (
              <tr key={name}>
                <th scope="row">{day(index)}</th>
                <td>{used === null ? '' : words(used)}</td>
                <td>{used !== null || forecast === null ? '' : words(forecast)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
