// A name is all a new inbox needs; everything else has a good beginning.
import { Button, Group, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { Inbox } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'
import { isLimit, LimitNotice } from '../shell/LimitNotice'
import { Dialog } from '../shell/Dialog'

export function CreateInbox({ opened, onClose, full }: { opened: boolean; onClose: () => void; full: boolean }) {
  const { t } = useTranslation()
  return (
    <Dialog opened={opened} onClose={onClose} title={t('inboxes.create')} size={460}>
      {full ? (
        <>
          <LimitNotice of="inboxes" />
          <Group justify="flex-end" mt="lg">
            <Button variant="default" onClick={onClose}>
              {t('common.close')}
            </Button>
          </Group>
        </>
      ) : (
        <Form onClose={onClose} />
      )}
    </Dialog>
  )
}

function Form({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const [, navigate] = useLocation()
  const refresh = useRefresh()
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const [missing, setMissing] = useState(false)
  const error = missing ? t('problem.name_invalid') : fieldErrors(t, problem)['name']

  async function create(): Promise<void> {
    if (!name.trim()) return setMissing(true)
    setBusy(true)
    setProblem(null)
    try {
      const inbox = await http.post<Inbox>('/v1/inboxes', { name: name.trim() })
      void refresh('inboxes')
      onClose()
      navigate(`/inboxes/${inbox.id}`)
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
        void create()
      }}
    >
      <TextInput
        data-autofocus
        label={t('inboxes.name')}
        description={t('inboxes.name_text')}
        placeholder={t('inboxes.name_example')}
        maxLength={80}
        value={name}
        error={error}
        mb="md"
        onChange={(event) => {
          setName(event.currentTarget.value)
          setMissing(false)
        }}
      />
      {isLimit(problem) ? <LimitNotice of="inboxes" /> : !error && <ProblemAlert problem={problem} />}
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={busy}>
          {t('inboxes.create')}
        </Button>
      </Group>
    </form>
  )
}
