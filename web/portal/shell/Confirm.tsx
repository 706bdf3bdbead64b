// "Are you sure?", saying what will happen, with the harmless answer focused.
import { Button, Group, Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ProblemAlert } from 'ui/ProblemAlert'
import { Dialog } from './Dialog'

export function Confirm(props: {
  opened: boolean
  onClose: () => void
  title: string
  text: ReactNode
  action: string
  danger?: boolean
  onConfirm: () => Promise<unknown>
}) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  function close(): void {
    setProblem(null)
    props.onClose()
  }

  async function confirm(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      await props.onConfirm()
      close()
    } catch (failure) {
      setProblem(failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Dialog opened={props.opened} onClose={close} title={props.title} size={440}>
      <Text size="sm" c="dimmed" mb="lg" component="div">
        {props.text}
      </Text>
      <ProblemAlert problem={problem} />
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={close} data-autofocus>
          {t('common.cancel')}
        </Button>
        <Button color={props.danger ? 'red.9' : undefined} loading={busy} onClick={() => void confirm()}>
          {props.action}
        </Button>
      </Group>
    </Dialog>
  )
}
