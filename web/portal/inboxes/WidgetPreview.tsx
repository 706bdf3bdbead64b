// The widget itself, in a frame, dressed live in settings that are not saved yet.
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EmergencyNotice, InboxSettings, WaitingCard } from 'client/types'
import { inkOn, safeColor } from '../../widget/shared/color'
import css from './WidgetPreview.module.css'

type Shown = Pick<
  InboxSettings,
  'color' | 'title' | 'greeting' | 'position' | 'theme' | 'locale' | 'away_message' | 'survey_enabled'
>

export function WidgetPreview(props: {
  inboxKey: string
  settings: Shown
  companyName: string
  /** Whether an agent is there; the away message shows otherwise. */
  online?: boolean
  /** The emergency plan, and whether to show what is seen when nobody answers. */
  notice?: EmergencyNotice
  unreachable?: boolean
  /** Shows the waiting room, with this to look at. */
  waiting?: WaitingCard
}) {
  const { t } = useTranslation()
  const frame = useRef<HTMLIFrameElement>(null)
  const [ready, setReady] = useState(false)
  const { settings, companyName, online = true, unreachable = false } = props
  // Compared by what it says: callers build it anew for every render.
  const notice = JSON.stringify(props.notice ?? null)
  const waiting = JSON.stringify(props.waiting ?? null)
  const { color, title, greeting, position, theme, locale, away_message } = settings

  useEffect(() => {
    const listen = (event: MessageEvent) => {
      if (event.origin !== location.origin || event.source !== frame.current?.contentWindow) return
      if ((event.data as { type?: unknown } | null)?.type === 'frontdesk:preview-ready') setReady(true)
    }
    addEventListener('message', listen)
    return () => removeEventListener('message', listen)
  }, [])

  useEffect(() => {
    if (!ready) return
    const message = {
      type: 'frontdesk:preview',
      // The real widget falls back to the company's name too.
      settings: {
        color,
        title: title || companyName,
        greeting,
        position,
        theme,
        locale,
        away_message,
        online,
        emergency: JSON.parse(notice) as unknown,
        unreachable,
        waiting: JSON.parse(waiting) as unknown,
      },
    }
    frame.current?.contentWindow?.postMessage(message, location.origin)
  }, [
    ready,
    color,
    title,
    companyName,
    greeting,
    position,
    theme,
    locale,
    away_message,
    online,
    notice,
    unreachable,
    waiting,
  ])

  const ground = safeColor(color)
  return (
    <div className={css.window}>
      <div className={css.bar} aria-hidden>
        <i />
        <i />
        <i />
        <span>{t('preview.site')}</span>
      </div>
      <div className={css.page} data-position={position}>
        <div className={css.lines} aria-hidden>
          <i />
          <i />
          <i />
        </div>
        <iframe
          ref={frame}
          className={css.frame}
          data-ready={ready || undefined}
          title={t('preview.title')}
          src={`/widget/frame?key=${encodeURIComponent(props.inboxKey)}&preview=1`}
          // It announced itself before this component listened, when it came from the cache.
          onLoad={() => setReady(true)}
        />
        <span className={css.launcher} style={{ background: ground, color: inkOn(ground) }} aria-hidden>
          <svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" strokeWidth="2">
            <path d="m6 9 6 6 6-6" strokeLinecap="round" strokeLinejoin="round" />
          </svg>
        </span>
      </div>
    </div>
  )
}
