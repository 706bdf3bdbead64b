// A key's successor: both count for a while, so that no visitor notices.
import { Button, Group, Select, Text, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { IdentityKey, IdentityKeyCreated } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'
import { Dialog } from '../shell/Dialog'
import css from './Identity.module.css'
import { Secret } from './Secret'

const HOURS = [1, 24, 168]

export function RotateKey(props: {
  opened: boolean
  onClose: () => void
  path: string
  inboxId: string
  algorithm: IdentityKey['algorithm']
}) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [hours, setHours] = useState('24')
  const [publicKey, setPublicKey] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const [created, setCreated] = useState<IdentityKeyCreated | null>(null)
  const errors = fieldErrors(t, problem)

  function close(): void {
    if (created) void refresh(`identity ${props.inboxId}`, 'audit')
    setCreated(null)
    setProblem(null)
    props.onClose()
  }

  async function rotate(): Promise<void> {
    setBusy(true)
    setProblem(null)
    const body = { overlap_hours: Number(hours), ...(props.algorithm === 'EdDSA' && { public_key: publicKey.trim() }) }
    try {
      setCreated(await http.post<IdentityKeyCreated>(`${props.path}/rotate`, body))
    } catch (failure) {
      setProblem(failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Dialog
      opened={props.opened}
      onClose={close}
      title={t(created ? 'identity.created' : 'identity.rotate_title')}
      size={560}
      closeOnClickOutside={!created?.secret}
      closeOnEscape={!created?.secret}
    >
      {created ? (
        <Secret created={created} onClose={close} />
      ) : (
        <div className={css.form}>
          <Text size="sm" c="dimmed">
            {t('identity.rotate_text')}
          </Text>
          {Object.keys(errors).length === 0 && <ProblemAlert problem={problem} />}
          <Select
            label={t('identity.overlap')}
            allowDeselect={false}
            value={hours}
            onChange={(value) => setHours(value ?? '24')}
            data={HOURS.map((value) => ({ value: String(value), label: t(`identity.overlap_${value}`) }))}
          />
          {props.algorithm === 'EdDSA' && (
            <Textarea
              label={t('identity.public_key')}
              description={t('identity.public_key_text')}
              autosize
              minRows={3}
              spellCheck={false}
              classNames={{ input: css.mono ?? '' }}
              value={publicKey}
              error={errors['public_key']}
              onChange={(event) => setPublicKey(event.currentTarget.value)}
            />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              {t('common.cancel')}
            </Button>
            <Button loading={busy} onClick={() => void rotate()}>
              {t('identity.rotate')}
            </Button>
          </Group>
        </div>
      )}
    </Dialog>
  )
}
