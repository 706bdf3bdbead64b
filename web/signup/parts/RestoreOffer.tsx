// A company that its owner has closed, or switched off, can be opened again, with the same password, before one signs in.
import { Alert, Button } from '@mantine/core'
import { IconArchive, IconPlayerPause } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'

export function RestoreOffer(props: {
  /** What is to be done: a closed company is restored, one that is switched off resumed. */
  how: 'restore' | 'resume'
  email: string
  password: string
  onRestored: () => void
}) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function restore(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const { how, email, password } = props
      await http.post(`/v1/account/${how}`, { email: email.trim(), password }, { auth: false })
      props.onRestored()
    } catch (failure) {
      setProblem(failure)
      setBusy(false)
    }
  }

  const Icon = props.how === 'restore' ? IconArchive : IconPlayerPause
  return (
    <Alert color="amber" variant="light" radius="md" icon={<Icon size={18} />} title={t(`${props.how}.title`)}>
      <p>{t(`${props.how}.text`)}</p>
      <ProblemAlert problem={problem} />
      <Button size="xs" mt="xs" loading={busy} onClick={() => void restore()}>
        {t(`${props.how}.action`)}
      </Button>
    </Alert>
  )
}
