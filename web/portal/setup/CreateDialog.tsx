// A name is all that something new needs; the rest is set up on its own page. What only the person may do asks for proof first.
import { Button, Group, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { isDeclined, useProof } from '../security/useProof'
import { Dialog } from '../shell/Dialog'

interface Props {
  opened: boolean
  onClose: () => void
  title: string
  example: string
  longest: number
  /** What the field is called, when it is no name. */
  label?: string
  /** What it is called now, when it is to be renamed. */
  name?: string
  onSave: (name: string) => Promise<unknown>
}

export function CreateDialog(props: Props) {
  const [busy, setBusy] = useState(false)
  return (
    // Escape answers the question on top of this, and closes no more than that.
    <Dialog opened={props.opened} onClose={props.onClose} closeOnEscape={!busy} title={props.title} size={440}>
      <Form {...props} busy={busy} setBusy={setBusy} />
    </Dialog>
  )
}

function Form({ busy, setBusy, ...props }: Props & { busy: boolean; setBusy: (busy: boolean) => void }) {
  const { t } = useTranslation()
  const [name, setName] = useState(props.name ?? '')
  const [missing, setMissing] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const proof = useProof()
  // It stays busy until it is gone; the next one is not.
  useEffect(() => () => setBusy(false), [setBusy])
  const error = missing ? t('problem.name_invalid') : Object.values(fieldErrors(t, problem))[0]

  async function save(): Promise<void> {
    if (!name.trim()) return setMissing(true)
    setBusy(true)
    setProblem(null)
    try {
      await proof.run(() => props.onSave(name.trim()))
      props.onClose()
    } catch (failure) {
      if (!isDeclined(failure)) setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <>
      {proof.dialog}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <TextInput
          data-autofocus
          label={props.label ?? t('setup.name')}
          placeholder={props.example}
          maxLength={props.longest}
          value={name}
          error={error}
          mb="md"
          onChange={(event) => {
            setName(event.currentTarget.value)
            setMissing(false)
          }}
        />
        {!error && <ProblemAlert problem={problem} />}
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={props.onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t(props.name === undefined ? 'setup.create' : 'common.save')}
          </Button>
        </Group>
      </form>
    </>
  )
}
