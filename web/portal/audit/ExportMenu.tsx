// The log as a file: whatever the filter leaves of it.
import { Button, Menu } from '@mantine/core'
import { IconBraces, IconDownload, IconTable } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { notifyProblem } from 'ui/ProblemAlert'
import { saveFile } from 'ui/saveFile'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'

export function ExportMenu({ query }: { query: Record<string, string> }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [busy, setBusy] = useState(false)

  async function take(format: 'csv' | 'ndjson'): Promise<void> {
    setBusy(true)
    try {
      const asked = { ...query, format }
      saveFile(await http.file('/v1/audit-log/export', asked, { timeout: 300_000 }), `audit-log.${format}`)
      await refresh('audit')
    } catch (failure) {
      notifyProblem(t, failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={16} />} loading={busy}>
          {t('audit.export')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconTable size={16} />} onClick={() => void take('csv')}>
          {t('audit.export_csv')}
        </Menu.Item>
        <Menu.Item leftSection={<IconBraces size={16} />} onClick={() => void take('ndjson')}>
          {t('audit.export_ndjson')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
