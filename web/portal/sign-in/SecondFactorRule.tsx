// Whether everybody needs a second factor.
import { Switch } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SignInSettings } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'
import { isDeclined, type Proof } from '../security/useProof'
import { Confirm } from '../shell/Confirm'
import { Card } from '../shell/Page'

export function SecondFactorRule({ settings, proof }: { settings: SignInSettings; proof: Proof }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [asking, setAsking] = useState(false)
  const without = settings.members_without_second_factor

  async function set(required: boolean): Promise<void> {
    await proof.run(() => http.put('/v1/account/sign-in/second-factor', { required }))
    await refresh('sign-in', 'security')
  }

  return (
    <Card title={t('sign_in.second')} text={t('sign_in.second_text')}>
      <Switch
        label={t('sign_in.second_required')}
        description={without > 0 ? t('sign_in.second_without', { count: without }) : t('sign_in.second_all')}
        checked={settings.second_factor_required}
        onChange={(event) => {
          if (event.currentTarget.checked) return setAsking(true)
          set(false).catch((problem: unknown) => {
            if (!isDeclined(problem)) notifyProblem(t, problem)
          })
        }}
      />
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('sign_in.second_ask')}
        text={without > 0 ? t('sign_in.second_ask_text', { count: without }) : t('sign_in.second_ask_nobody')}
        action={t('sign_in.second_go')}
        onConfirm={() => set(true)}
      />
    </Card>
  )
}
