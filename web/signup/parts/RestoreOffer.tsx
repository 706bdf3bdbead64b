// A company that its owner has closed can be opened again, with the same password, before one signs in.
import { Alert, Button } from '@mantine/core'
import { IconArchive } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'

export function RestoreOffer(props: { email: string; password: string; onRestored: () => void }) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function restore(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const { email, password } = props
      await http.post('/v1/account/restore', { email: email.trim(), password }, { auth: false })
      props.onRestored()
    } catch (failure) {
      setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <Alert color="amber" variant="light" radius="md" icon={<IconArchive size={18} />} title={t('restore.title')}>
      <p>{t('restore.text')}</p>
      <ProblemAlert problem={problem} />
      <Button size="xs" mt="xs" loading={busy} onClick={() => void restore()}>
        {t('restore.action')}
      </Button>
    </Alert>
  )
}
