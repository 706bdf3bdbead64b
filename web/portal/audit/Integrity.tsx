// Whether the log is as it was written: looked at when somebody wants to know.
import { Alert, Button } from '@mantine/core'
import { IconShieldCheck, IconShieldX } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AuditVerdict } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import css from './Audit.module.css'

export function Integrity() {
  const { t } = useTranslation()
  const [verdict, setVerdict] = useState<AuditVerdict | null>(null)
  const [busy, setBusy] = useState(false)

  async function check(): Promise<void> {
    setBusy(true)
    try {
      setVerdict(await http.get<AuditVerdict>('/v1/audit-log/integrity'))
    } catch (failure) {
      notifyProblem(t, failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <div className={css.integrity} role="status">
      {verdict === null ? (
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<IconShieldCheck size={16} />}
          loading={busy}
          onClick={() => void check()}
        >
          {t('audit.check')}
        </Button>
      ) : verdict.intact ? (
        <Alert color="teal" variant="light" radius="md" icon={<IconShieldCheck size={18} />} title={t('audit.intact')}>
          <span className={css.seal}>
            {t('audit.intact_text', { count: verdict.checked, seal: verdict.seal.slice(0, 16) })}
          </span>
        </Alert>
      ) : (
        <Alert color="red" variant="light" radius="md" icon={<IconShieldX size={18} />} title={t('audit.broken')}>
          {t('audit.broken_text', { number: verdict.broken_at })}
        </Alert>
      )}
    </div>
  )
}
