// The authenticator app, and the codes for the day it is lost.
import { Button } from '@mantine/core'
import { IconDeviceMobileMessage, IconLifebuoy } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { RecoveryCodes, Security } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { Codes } from 'ui/security/Codes'
import { TotpSetup } from 'ui/security/TotpSetup'
import { http } from 'ui/session'
import { date } from 'ui/time'
import { useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { Dialog } from '../shell/Dialog'
import { Card } from '../shell/Page'
import { Tag } from '../shell/Tag'
import css from './Security.module.css'
import { isDeclined, type Proof } from './useProof'

export function Factors({ security, proof }: { security: Security; proof: Proof }) {
  const { t, i18n } = useTranslation()
  const refresh = useRefresh()
  const [open, setOpen] = useState<'setup' | 'remove' | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const on = security.totp_since !== null
  const any = on || security.passkeys.length > 0

  async function begin(): Promise<void> {
    try {
      // Asks for proof beforehand, so that the dialog with the code does not have to. What it begins is begun anew there.
      await proof.run(() => http.post('/v1/auth/totp'))
      setOpen('setup')
    } catch (problem) {
      if (!isDeclined(problem)) notifyProblem(t, problem)
    }
  }

  async function renew(): Promise<void> {
    try {
      setCodes((await proof.run(() => http.post<RecoveryCodes>('/v1/auth/recovery-codes'))).recovery_codes)
      void refresh('security')
    } catch (problem) {
      if (!isDeclined(problem)) notifyProblem(t, problem)
    }
  }

  function done(made: string[]): void {
    setOpen(null)
    if (made.length > 0) setCodes(made)
    void refresh('security', 'sessions')
  }

  return (
    <Card
      flush
      title={t('security_page.second')}
      text={t(security.second_factor_required ? 'security_page.second_required' : 'security_page.second_text')}
    >
      <ul className={css.list}>
        <li className={css.row}>
          <span className={css.icon} data-on={on || undefined} aria-hidden>
            <IconDeviceMobileMessage size={18} stroke={1.7} />
          </span>
          <div className={css.body}>
            <div className={css.name}>
              {t('security_page.totp')}
              {on && <Tag tone="ok">{t('security_page.on')}</Tag>}
            </div>
            <div className={css.meta}>
              {security.totp_since
                ? t('security_page.totp_since', { date: date(security.totp_since, i18n.language) })
                : t('security_page.totp_none')}
            </div>
          </div>
          {on ? (
            <Button size="compact-sm" variant="subtle" color="red" onClick={() => setOpen('remove')}>
              {t('security_page.totp_remove')}
            </Button>
          ) : (
            <Button size="compact-sm" variant="default" onClick={() => void begin()}>
              {t('security_page.totp_add')}
            </Button>
          )}
        </li>
        {any && (
          <li className={css.row}>
            <span className={css.icon} aria-hidden>
              <IconLifebuoy size={18} stroke={1.7} />
            </span>
            <div className={css.body}>
              <div className={css.name}>
                {t('security.codes')}
                {security.recovery_codes_left < 3 && <Tag tone="warn">{t('security_page.codes_few')}</Tag>}
              </div>
              <div className={css.meta}>{t('security_page.codes_left', { count: security.recovery_codes_left })}</div>
            </div>
            <Button size="compact-sm" variant="default" onClick={() => void renew()}>
              {t('security_page.codes_new')}
            </Button>
          </li>
        )}
      </ul>
      <Dialog opened={open === 'setup'} onClose={() => setOpen(null)} title={t('security_page.totp_add')} size={520}>
        <TotpSetup onDone={done} onCancel={() => setOpen(null)} />
      </Dialog>
      <Dialog
        opened={codes !== null}
        onClose={() => setCodes(null)}
        title={t('security.codes')}
        size={520}
        closeOnClickOutside={false}
        closeOnEscape={false}
      >
        {codes && <Codes codes={codes} onKept={() => setCodes(null)} />}
      </Dialog>
      <Confirm
        opened={open === 'remove'}
        onClose={() => setOpen(null)}
        title={t('security_page.totp_remove_title')}
        text={t('security_page.totp_remove_text')}
        action={t('security_page.totp_remove')}
        danger
        onConfirm={async () => {
          await proof.run(() => http.delete('/v1/auth/totp'))
          await refresh('security')
        }}
      />
    </Card>
  )
}
