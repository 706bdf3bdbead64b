// A signed-in browser: what it is, where its clock stands, and the button that signs it out.
import { Button } from '@mantine/core'
import { IconDeviceDesktop, IconDeviceMobile } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SignedInSession } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { RelativeTime } from 'ui/RelativeTime'
import { useMe } from 'ui/session'
import { Tag } from '../shell/Tag'
import { placeWords } from './place'
import css from './Security.module.css'

const HANDHELD = ['iPhone', 'iPad', 'Android']

export function SessionRow({ session, onEnd }: { session: SignedInSession; onEnd: () => Promise<unknown> }) {
  const { t, i18n } = useTranslation()
  const me = useMe()
  const [busy, setBusy] = useState(false)
  const { browser, system } = session.device
  const device =
    browser && system ? t('sessions.device', { browser, system }) : (browser ?? system ?? t('sessions.unknown_device'))
  const place = placeWords(session.time_zone, i18n.language)

  async function end(): Promise<void> {
    setBusy(true)
    try {
      await onEnd()
    } catch (problem) {
      notifyProblem(t, problem)
      setBusy(false)
    }
  }

  return (
    <li className={css.row}>
      <span className={css.icon} data-on={session.current || undefined} aria-hidden>
        {HANDHELD.includes(system ?? '') ? (
          <IconDeviceMobile size={18} stroke={1.7} />
        ) : (
          <IconDeviceDesktop size={18} stroke={1.7} />
        )}
      </span>
      <div className={css.body}>
        <div className={css.name}>
          {device}
          {session.current && <Tag tone="ok">{t('sessions.current')}</Tag>}
          {session.account_id !== me.account.id && <Tag>{session.account_name}</Tag>}
        </div>
        <div className={css.meta}>
          {place && <>{place} · </>}
          {t(`sessions.by.${session.method}`)}
          {' · '}
          {t('sessions.seen')} <RelativeTime at={session.last_seen_at} />
        </div>
      </div>
      {!session.current && (
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          loading={busy}
          aria-label={t('sessions.end_label', { device })}
          onClick={() => void end()}
        >
          {t('sessions.end')}
        </Button>
      )}
    </li>
  )
}
