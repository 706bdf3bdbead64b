// "Are you sure?", for what only the person themselves may do: they say their password again.
import { Button, Group, PasswordInput, Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { Dialog } from './Dialog'

interface Props {
  opened: boolean
  onClose: () => void
  title: string
  text: ReactNode
  action: string
  onConfirm: (password: string) => Promise<unknown>
}

export function PasswordConfirm(props: Props) {
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={props.title} size={440}>
      <Form {...props} />
    </Dialog>
  )
}

function Form(props: Props) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const error = fieldErrors(t, problem)['password']

  async function confirm(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      await props.onConfirm(password)
      props.onClose()
    } catch (failure) {
      setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (password) void confirm()
      }}
    >
      <Text size="sm" c="dimmed" mb="md" component="div">
        {props.text}
      </Text>
      {!error && <ProblemAlert problem={problem} />}
      <PasswordInput
        label={t('team.your_password')}
        autoComplete="current-password"
        maxLength={200}
        mt="sm"
        value={password}
        error={error}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={props.onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={busy} disabled={!password}>
          {props.action}
        </Button>
      </Group>
    </form>
  )
}
