// A new secret for a key, while the one before works a little longer.
import { Button, Group, Select, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ApiKey, CreatedApiKey } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'
import { isDeclined, useProof } from '../security/useProof'
import { Dialog } from '../shell/Dialog'
import { Secret } from './CreateKey'

interface Props {
  apiKey: ApiKey
  opened: boolean
  onClose: () => void
}

export function RotateKey(props: Props) {
  const { t } = useTranslation()
  const [created, setCreated] = useState<CreatedApiKey | null>(null)

  function close(): void {
    setCreated(null)
    props.onClose()
  }

  return (
    <Dialog
      opened={props.opened}
      onClose={close}
      title={t(created ? 'keys.created' : 'keys.rotate_title', { name: props.apiKey.name })}
      size={520}
      closeOnClickOutside={!created}
      closeOnEscape={!created}
    >
      {created ? <Secret created={created} onClose={close} /> : <Form {...props} onCreated={setCreated} />}
    </Dialog>
  )
}

function Form({ apiKey, onClose, onCreated }: Props & { onCreated: (key: CreatedApiKey) => void }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const proof = useProof()
  const [hours, setHours] = useState('24')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function rotate(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const path = `/v1/api-keys/${encodeURIComponent(apiKey.id)}/rotate`
      const created = await proof.run(() => http.post<CreatedApiKey>(path, { keep_previous_hours: Number(hours) }))
      await refresh('api-keys', 'audit')
      onCreated(created)
    } catch (failure) {
      if (!isDeclined(failure)) setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <>
      {proof.dialog}
      <Text size="sm" c="dimmed" mb="md">
        {t('keys.rotate_text')}
      </Text>
      <ProblemAlert problem={problem} />
      <Select
        label={t('keys.rotate_keep')}
        allowDeselect={false}
        value={hours}
        onChange={(value) => setHours(value ?? '0')}
        data={[
          { value: '0', label: t('keys.rotate_now') },
          ...[1, 24, 168].map((count) => ({ value: String(count), label: t('keys.rotate_hours', { count }) })),
        ]}
      />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button loading={busy} onClick={() => void rotate()}>
          {t('keys.rotate')}
        </Button>
      </Group>
    </>
  )
}
