// Recovery codes, shown once: to copy, to keep as a file, and to say that one has.
import { Alert, Button } from '@mantine/core'
import { IconAlertTriangle, IconDownload } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import css from './Security.module.css'

export function Codes({ codes, onKept }: { codes: string[]; onKept: () => void }) {
  const { t } = useTranslation()

  function download(): void {
    const text = `${t('security.codes_file')}\n\n${codes.join('\n')}\n`
    const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
    const link = document.createElement('a')
    link.href = address
    link.download = 'frontdesk-recovery-codes.txt'
    link.click()
    URL.revokeObjectURL(address)
  }

  return (
    <div className={css.steps}>
      <Alert color="amber" variant="light" radius="md" icon={<IconAlertTriangle size={18} />}>
        {t('security.codes_once')}
      </Alert>
      <ul className={css.codes} aria-label={t('security.codes')}>
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className={css.ways}>
        <Button variant="default" leftSection={<IconDownload size={16} />} onClick={download}>
          {t('security.codes_save')}
        </Button>
        <Button onClick={onKept} data-autofocus>
          {t('security.codes_kept')}
        </Button>
      </div>
    </div>
  )
}
