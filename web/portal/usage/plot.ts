// What the charts share: axes in the page's own colours and language, and a life as long as the element's.
import uPlot from 'uplot'
import { compactNumber } from './amounts'
import { dayName } from './periods'

export interface Ink {
  color: (name: string) => string
  font: string
}

export function ink(element: HTMLElement): Ink {
  const style = getComputedStyle(element)
  return { color: (name) => style.getPropertyValue(name).trim(), font: `11px ${style.fontFamily}` }
}

/** Days below, amounts at the side. */
export function axes({ color, font }: Ink, days: readonly string[], locale: string): uPlot.Axis[] {
  return [
    {
      stroke: color('--fd-text-faint'),
      font,
      size: 26,
      gap: 6,
      grid: { show: false },
      ticks: { show: false },
      space: 64,
      incrs: [1, 2, 5, 7, 10, 15, 30, 60, 90],
      values: (_chart, ticks) =>
        ticks.map((tick) => {
          const day = Number.isInteger(tick) ? days[tick] : undefined
          return day ? dayName(day, locale) : ''
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
      incrs: [1, 2, 5]
        .flatMap((step) => [0, 1, 2, 3, 4, 5, 6, 7, 8].map((zeros) => step * 10 ** zeros))
        .sort((a, b) => a - b),
      values: (_chart, ticks) => ticks.map((tick) => compactNumber(tick, locale)),
    },
  ]
}

/** Draws, follows the element's width, and gives the way to take it down again. */
export function plot(
  element: HTMLElement,
  height: number,
  options: Omit<uPlot.Options, 'width' | 'height'>,
  data: uPlot.AlignedData,
): () => void {
  const chart = new uPlot(
    {
      // Room at the right for half of the last day's name.
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: { x: true, y: false, points: { show: false }, drag: { x: false, y: false } },
      ...options,
      width: element.clientWidth,
      height,
    },
    data,
    element,
  )
  const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }))
  observer.observe(element)
  return () => {
    observer.disconnect()
    chart.destroy()
  }
}

export interface Tip {
  index: number
  left: number
  top: number
}

/** Where the pointer is, and how high the value there stands; null away from the values. */
export function pointed(chart: uPlot, value: (index: number) => number | null | undefined): Tip | null {
  const index = chart.cursor.idx
  if (index === null || index === undefined || (chart.cursor.left ?? -1) < 0) return null
  const at = value(index)
  if (at === null || at === undefined) return null
  return {
    index,
    left: chart.valToPos(index, 'x') + chart.bbox.left / devicePixelRatio,
    top: chart.valToPos(at, 'y') + chart.bbox.top / devicePixelRatio,
  }
}
