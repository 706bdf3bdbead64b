// One more network to keep out: which, why, and for how long. It ends by itself unless somebody wants otherwise.
import { Button, Group, Select, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AddressBlock } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'
import { Dialog } from '../shell/Dialog'
import { endOf, ENDS, type End } from './ends'
import css from './Safety.module.css'

export function BlockDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <Dialog opened={opened} onClose={onClose} title={t('safety.block')} size={480}>
      <Form onClose={onClose} />
    </Dialog>
  )
}

function Form({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [network, setNetwork] = useState('')
  const [note, setNote] = useState('')
  const [end, setEnd] = useState<End>('day')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const errors = fieldErrors(t, problem)

  async function block(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const body = { network: network.trim(), note: note.trim(), ends_at: endOf(end, Date.now()) }
      const made = await http.post<AddressBlock>('/v1/safety/addresses', body)
      await refresh('address-blocks', 'audit')
      notifications.show({ color: 'teal', message: t('safety.blocked', { network: made.network }), autoClose: 3000 })
      onClose()
    } catch (failure) {
      setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <form
      noValidate
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault()
        void block()
      }}
    >
      {Object.keys(errors).length === 0 && <ProblemAlert problem={problem} />}
      <TextInput
        data-autofocus
        label={t('safety.network')}
        description={t('safety.network_text')}
        maxLength={60}
        value={network}
        error={errors['network']}
        onChange={(event) => setNetwork(event.currentTarget.value)}
      />
      <TextInput
        label={t('safety.note')}
        description={t('safety.note_text')}
        maxLength={200}
        value={note}
        error={errors['note']}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Select
        label={t('safety.ends')}
        allowDeselect={false}
        value={end}
        error={errors['ends_at']}
        onChange={(value) => setEnd((value ?? 'day') as End)}
        data={ENDS.map((value) => ({ value, label: t(`safety.ends_${value}`) }))}
      />
      <Text size="sm" c="dimmed">
        {t('safety.addresses_shared')}
      </Text>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" disabled={!network.trim()} loading={busy}>
          {t('safety.block')}
        </Button>
      </Group>
    </form>
  )
}
