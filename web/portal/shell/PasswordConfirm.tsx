// "Are you sure?", for what only the person themselves may do: they say their password again, and what else proves them.
import { Anchor, Button, Divider, Group, PasswordInput, Text, TextInput } from '@mantine/core'
import { IconFingerprint } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiProblem } from 'client/http'
import { askPasskey, type PasskeyChallenge, passkeysWork, wasDeclined } from 'client/passkey'
import type { ChallengeAnswer, LoginChallenge } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { Dialog } from './Dialog'

interface Props {
  opened: boolean
  onClose: () => void
  title: string
  text: ReactNode
  action: string
  /** A challenge when the password is right and something else is asked for. */
  onConfirm: (password: string, answer?: ChallengeAnswer) => Promise<LoginChallenge | null>
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
  const [asked, setAsked] = useState<LoginChallenge | null>(null)
  const [code, setCode] = useState('')
  const error = fieldErrors(t, problem)['password']
  const asksCode = asked !== null && (asked.factors.totp || asked.factors.recovery_code)
  const asksPasskey = asked !== null && asked.factors.passkey && passkeysWork()

  async function confirm(prove: () => Promise<ChallengeAnswer | undefined>): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const more = await props.onConfirm(password, await prove())
      if (!more) return props.onClose()
      setAsked(more)
    } catch (failure) {
      if (!wasDeclined(failure)) setProblem(failure)
      // Too late, or too often: from the beginning.
      if (failure instanceof ApiProblem && failure.code === 'challenge_over') setAsked(null)
      setCode('')
    }
    setBusy(false)
  }

  async function askDevice({ challenge }: LoginChallenge): Promise<ChallengeAnswer> {
    const device = await http.post<PasskeyChallenge>('/v1/auth/login/passkey/begin', { challenge }, { auth: false })
    return { challenge, passkey_challenge: device.challenge, credential: await askPasskey(device.options) }
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        const typed = code.trim()
        if (asked ? asksCode && typed : password)
          void confirm(() => Promise.resolve(asked ? { challenge: asked.challenge, code: typed } : undefined))
      }}
    >
      <Text size="sm" c="dimmed" mb="md" component="div">
        {props.text}
      </Text>
      {!error && <ProblemAlert problem={problem} />}
      {!asked && (
        <PasswordInput
          label={t('team.your_password')}
          autoComplete="current-password"
          maxLength={200}
          mt="sm"
          value={password}
          error={error}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
      )}
      {asked?.factors.passkey && (
        <Text size="sm" mt="sm" component="p" role="status">
          {t(asksPasskey ? 'proof.passkey_here' : 'proof.passkey_elsewhere')}{' '}
          <Anchor href="/login" inherit underline="always">
            {t('proof.sign_in_page')}
          </Anchor>
        </Text>
      )}
      {asked && asksPasskey && (
        <Button
          fullWidth
          mt="sm"
          loading={busy}
          leftSection={<IconFingerprint size={18} />}
          onClick={() => void confirm(() => askDevice(asked))}
        >
          {t('proof.passkey')}
        </Button>
      )}
      {asksPasskey && asksCode && <Divider label={t('proof.or')} mt="sm" />}
      {asked && asksCode && (
        <TextInput
          autoFocus={!asksPasskey}
          label={t(asked.factors.totp ? 'proof.code' : 'proof.recovery')}
          autoComplete="one-time-code"
          maxLength={20}
          mt="sm"
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
      )}
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={props.onClose}>
          {t('common.cancel')}
        </Button>
        {(!asked || asksCode) && (
          <Button type="submit" loading={busy} disabled={asked ? !code.trim() : !password}>
            {props.action}
          </Button>
        )}
      </Group>
    </form>
  )
}
