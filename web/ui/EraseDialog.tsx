// Erasing somebody for good: what will go, and a word to be typed by whoever means it.
import { Alert, Button, Group, List, Loader, Modal, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ErasurePreview } from 'client/types'
import { ProblemAlert } from './ProblemAlert'
import { http } from './session'

export function EraseDialog(props: { contactId: string; opened: boolean; onClose: () => void; onErased: () => void }) {
  const { t } = useTranslation()
  return (
    <Modal
      centered
      size={480}
      opened={props.opened}
      onClose={props.onClose}
      title={t('erase.title')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {props.opened && <Form {...props} />}
    </Modal>
  )
}

function Form({ contactId, onClose, onErased }: { contactId: string; onClose: () => void; onErased: () => void }) {
  const { t } = useTranslation()
  const path = `/v1/contacts/${encodeURIComponent(contactId)}`
  const preview = useQuery({
    queryKey: ['erasure', contactId],
    queryFn: ({ signal }) => http.get<ErasurePreview>(`${path}/erasure`, undefined, { signal }),
    gcTime: 0,
  })
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function erase(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      await http.post(`${path}/erase`, { confirm: typed.trim() })
      notifications.show({ color: 'teal', message: t('erase.done'), autoClose: 5000 })
      onErased()
      onClose()
    } catch (failure) {
      setProblem(failure)
      setBusy(false)
    }
  }

  if (preview.isError) return <ProblemAlert problem={preview.error} onRetry={() => void preview.refetch()} />
  if (!preview.data) return <Loader size="sm" aria-label={t('common.loading')} />
  const what = preview.data
  const fits = typed.trim() === what.confirm_with.trim()

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (fits) void erase()
      }}
    >
      <Text size="sm">{t('erase.goes')}</Text>
      <List size="sm" mt={6} mb="md" spacing={2}>
        <List.Item>{t('erase.person')}</List.Item>
        <List.Item>
          {t('erase.messages', { count: what.messages })} {t('erase.conversations', { count: what.conversations })}
        </List.Item>
        {what.ratings > 0 && <List.Item>{t('erase.ratings', { count: what.ratings })}</List.Item>}
        <List.Item>{t('erase.exports')}</List.Item>
      </List>
      {what.open_conversations > 0 && (
        <Alert color="amber" variant="light" radius="md" mb="md" icon={<IconAlertTriangle size={18} />}>
          {t('erase.open', { count: what.open_conversations })}
        </Alert>
      )}
      <Text size="sm" c="dimmed" mb="md">
        {t('erase.stays')}
      </Text>
      <TextInput
        data-autofocus
        label={t('erase.type', { words: what.confirm_with })}
        autoComplete="off"
        spellCheck={false}
        maxLength={300}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <ProblemAlert problem={problem} />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" color="red.9" disabled={!fits} loading={busy}>
          {t('erase.action')}
        </Button>
      </Group>
    </form>
  )
}
