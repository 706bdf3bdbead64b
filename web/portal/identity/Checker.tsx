// Looks at a token without using it, and says what is wrong with it.
import { Alert, Button, Group, Textarea } from '@mantine/core'
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { TokenChecked } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { dateTime } from 'ui/time'
import { Card } from '../shell/Page'
import css from './Identity.module.css'

export function Checker({ path }: { path: string }) {
  const { t } = useTranslation()
  const [token, setToken] = useState('')
  const [busy, setBusy] = useState(false)
  const [told, setTold] = useState<TokenChecked | null>(null)
  const [problem, setProblem] = useState<unknown>(null)

  async function check(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      setTold(await http.post<TokenChecked>(`${path}/check`, { token: token.trim() }))
    } catch (failure) {
      setTold(null)
      setProblem(failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Card title={t('identity.check')} text={t('identity.check_text')}>
      <form
        className={css.checker}
        onSubmit={(event) => {
          event.preventDefault()
          if (token.trim()) void check()
        }}
      >
        <Textarea
          label={t('identity.token')}
          placeholder="eyJhbGciOiJIUzI1NiIsImtpZCI6…"
          autosize
          minRows={3}
          maxRows={8}
          spellCheck={false}
          autoComplete="off"
          classNames={{ input: css.mono ?? '' }}
          value={token}
          onChange={(event) => {
            setToken(event.currentTarget.value)
            setTold(null)
          }}
        />
        <Group justify="flex-end">
          <Button type="submit" variant="default" loading={busy} disabled={!token.trim()}>
            {t('identity.check_now')}
          </Button>
        </Group>
        <ProblemAlert problem={problem} />
        <div role="status">{told && <Verdict told={told} />}</div>
      </form>
    </Card>
  )
}

function Verdict({ told }: { told: TokenChecked }) {
  const { t, i18n } = useTranslation()
  if (!told.accepted || !told.vouched) {
    return (
      <Alert color="red" variant="light" radius="md" icon={<IconAlertTriangle size={18} />} title={t('identity.refused')}>
        {t(`identity.refusal.${told.code}`, { defaultValue: told.detail ?? '' })}
        {told.detail && <div className={css.detail}>{told.detail}</div>}
      </Alert>
    )
  }
  const { external_id, name, email, expires_at } = told.vouched
  return (
    <Alert color="teal" variant="light" radius="md" icon={<IconCheck size={18} />} title={t('identity.accepted')}>
      {t('identity.is', { who: [name, email].filter(Boolean).join(' · ') || external_id })}
      <div className={css.detail}>
        sub {external_id} · exp {dateTime(expires_at, i18n.language)}
      </div>
    </Alert>
  )
}
