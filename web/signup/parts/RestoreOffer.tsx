// A company that its owner has closed, or switched off, can be opened again, with the same password, before one signs in.
import { Alert, Button } from '@mantine/core'
import { IconArchive, IconPlayerPause } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ChallengeAnswer, LoginChallenge } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'

/** What is to be done: a closed company is restored, one that is switched off resumed. */
export type WayBack = 'restore' | 'resume'

/** Opens it; a challenge when something beside the password is asked for. */
export async function openAgain(
  how: WayBack,
  body: { email: string; password: string; second_factor?: ChallengeAnswer },
): Promise<LoginChallenge | null> {
  const answer = await http.post<object>(`/v1/account/${how}`, { ...body, email: body.email.trim() }, { auth: false })
  return 'challenge' in answer ? (answer as LoginChallenge) : null
}

export function RestoreOffer(props: {
  how: WayBack
  email: string
  password: string
  onRestored: () => void
  onAsked: (challenge: LoginChallenge) => void
}) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function restore(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const { how, email, password } = props
      const asked = await openAgain(how, { email, password })
      if (asked) props.onAsked(asked)
      else props.onRestored()
    } catch (failure) {
      setProblem(failure)
      setBusy(false)
    }
  }

  const Icon = props.how === 'restore' ? IconArchive : IconPlayerPause
  return (
    <Alert color="amber" variant="light" radius="md" icon={<Icon size={18} />} title={t(`${props.how}.title`)}>
      <p>{t(`${props.how}.text`)}</p>
      <ProblemAlert problem={problem} />
      <Button size="xs" mt="xs" loading={busy} onClick={() => void restore()}>
        {t(`${props.how}.action`)}
      </Button>
    </Alert>
  )
}
