// The company switched off for a while: what that means, proof that it is the owner, and how it is switched on again.
import { Button } from '@mantine/core'
import { IconPlayerPause } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { http, loginUrl, session, useMe } from 'ui/session'
import { Confirm } from '../shell/Confirm'
import { Dialog } from '../shell/Dialog'
import { Card } from '../shell/Page'
import css from './Account.module.css'

export function SuspendCard() {
  const { t } = useTranslation()
  const { account } = useMe()
  const [asking, setAsking] = useState(false)
  const [done, setDone] = useState(false)

  async function leave(): Promise<void> {
    await session.logout().catch(() => undefined)
    location.assign(loginUrl({ pathname: '/portal', search: '', hash: '' }))
  }

  return (
    <Card title={t('suspending.title')} text={t('suspending.text')}>
      <div className={css.leave}>
        <Button variant="default" leftSection={<IconPlayerPause size={16} />} onClick={() => setAsking(true)}>
          {t('suspending.action')}
        </Button>
      </div>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        danger
        title={t('suspending.sure', { company: account.name })}
        text={t('suspending.sure_text')}
        action={t('suspending.action')}
        onConfirm={async () => {
          await http.post('/v1/account/suspend', {})
          setDone(true)
        }}
      />
      <Dialog opened={done} onClose={() => void leave()} title={t('suspending.done')} size={440}>
        <p>{t('suspending.done_text', { company: account.name })}</p>
        <Button fullWidth mt="md" onClick={() => void leave()}>
          {t('account.sign_out')}
        </Button>
      </Dialog>
    </Card>
  )
}
