// "Are you sure?", saying what will happen, with the harmless answer focused. What only the person may do asks for proof first.
import { Button, Group, Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ProblemAlert } from 'ui/ProblemAlert'
import { isDeclined, useProof } from '../security/useProof'
import { Dialog } from './Dialog'

export function Confirm(props: {
  opened: boolean
  onClose: () => void
  title: string
  text: ReactNode
  action: string
  danger?: boolean
  children?: ReactNode
  /** Something else is missing yet. */
  incomplete?: boolean
  onConfirm: () => Promise<unknown>
}) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const proof = useProof()

  function close(): void {
    setProblem(null)
    props.onClose()
  }

  async function confirm(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      await proof.run(props.onConfirm)
      close()
    } catch (failure) {
      if (!isDeclined(failure)) setProblem(failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Dialog opened={props.opened} onClose={close} title={props.title} size={440}>
      <Text size="sm" c="dimmed" mb="lg" component="div">
        {props.text}
      </Text>
      {proof.dialog}
      {props.children}
      <ProblemAlert problem={problem} />
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={close} data-autofocus>
          {t('common.cancel')}
        </Button>
        <Button color={props.danger ? 'red.9' : undefined} loading={busy} disabled={props.incomplete} onClick={() => void confirm()}>
          {props.action}
        </Button>
      </Group>
    </Dialog>
  )
}
