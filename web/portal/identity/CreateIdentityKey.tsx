// A new key: what it is for, how it signs, then its secret, once.
import { Button, Group, Radio, Stack, Textarea, TextInput } from '@mantine/core'
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

export function CreateIdentityKey(props: { opened: boolean; onClose: () => void; path: string; inboxId: string }) {
  const { t } = useTranslation()
  const [created, setCreated] = useState<IdentityKeyCreated | null>(null)

  function close(): void {
    setCreated(null)
    props.onClose()
  }

  return (
    <Dialog
      opened={props.opened}
      onClose={close}
      title={t(created ? 'identity.created' : 'identity.create')}
      size={560}
      // A slip of the mouse must not lose a secret that is shown once.
      closeOnClickOutside={!created?.secret}
      closeOnEscape={!created?.secret}
    >
      {created ? (
        <Secret created={created} onClose={close} />
      ) : (
        <Form path={props.path} inboxId={props.inboxId} onCreated={setCreated} onClose={close} />
      )}
    </Dialog>
  )
}

function Form(props: {
  path: string
  inboxId: string
  onCreated: (key: IdentityKeyCreated) => void
  onClose: () => void
}) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [name, setName] = useState('')
  const [algorithm, setAlgorithm] = useState<IdentityKey['algorithm']>('HS256')
  const [publicKey, setPublicKey] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const errors = fieldErrors(t, problem)

  async function create(): Promise<void> {
    setBusy(true)
    setProblem(null)
    const body = { name: name.trim(), algorithm, ...(algorithm === 'EdDSA' && { public_key: publicKey.trim() }) }
    try {
      const created = await http.post<IdentityKeyCreated>(`${props.path}/keys`, body)
      void refresh(`identity ${props.inboxId}`, 'audit')
      props.onCreated(created)
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
        void create()
      }}
    >
      {Object.keys(errors).length === 0 && <ProblemAlert problem={problem} />}
      <TextInput
        data-autofocus
        label={t('keys.name')}
        placeholder={t('identity.name_example')}
        maxLength={80}
        value={name}
        error={errors['name']}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Radio.Group
        label={t('identity.algorithm')}
        value={algorithm}
        onChange={(value) => setAlgorithm(value as IdentityKey['algorithm'])}
      >
        <Stack gap="sm" mt="xs">
          <Radio value="HS256" label={t('identity.hs256')} description={t('identity.hs256_text')} />
          <Radio value="EdDSA" label={t('identity.eddsa')} description={t('identity.eddsa_text')} />
        </Stack>
      </Radio.Group>
      {algorithm === 'EdDSA' && (
        <Textarea
          label={t('identity.public_key')}
          description={t('identity.public_key_text')}
          placeholder={'-----BEGIN PUBLIC KEY-----\n…'}
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
        <Button variant="default" onClick={props.onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={busy} disabled={!name.trim()}>
          {t('identity.create')}
        </Button>
      </Group>
    </form>
  )
}
