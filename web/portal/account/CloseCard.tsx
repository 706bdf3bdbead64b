// The end of the company: what it means, the name typed out, proof that it is the owner, and until when there is a way back.
import { Button, TextInput } from '@mantine/core'
import { IconArchive } from '@tabler/icons-react'
import { useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import type { ClosedAccount } from 'client/types'
import { http, loginUrl, session, useMe } from 'ui/session'
import { date } from 'ui/time'
import { Confirm } from '../shell/Confirm'
import { Dialog } from '../shell/Dialog'
import { Card } from '../shell/Page'
import css from './Account.module.css'

export function CloseCard() {
  const { t, i18n } = useTranslation()
  const { account } = useMe()
  const [asking, setAsking] = useState(false)
  const [slug, setSlug] = useState('')
  const [closed, setClosed] = useState<ClosedAccount | null>(null)

  async function leave(): Promise<void> {
    await session.logout().catch(() => undefined)
    location.assign(loginUrl({ pathname: '/portal', search: '', hash: '' }))
  }

  return (
    <Card title={t('closing.title')} text={t('closing.text')}>
      <div className={css.leave}>
        <Button color="red" variant="subtle" leftSection={<IconArchive size={16} />} onClick={() => setAsking(true)}>
          {t('closing.action')}
        </Button>
      </div>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        danger
        title={t('closing.sure', { company: account.name })}
        text={t('closing.sure_text')}
        action={t('closing.action')}
        incomplete={slug !== account.slug}
        onConfirm={async () => {
          setClosed(await http.post<ClosedAccount>('/v1/account/close', { slug }))
        }}
      >
        <TextInput
          label={<Trans i18nKey="closing.type" values={{ slug: account.slug }} components={{ code: <code /> }} />}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={slug}
          onChange={(event) => setSlug(event.currentTarget.value)}
        />
      </Confirm>
      <Dialog opened={closed !== null} onClose={() => void leave()} title={t('closing.done')} size={440}>
        <p>
          {closed &&
            t('closing.done_text', { company: closed.name, date: date(closed.restorable_until, i18n.language) })}
        </p>
        <Button fullWidth mt="md" onClick={() => void leave()}>
          {t('account.sign_out')}
        </Button>
      </Dialog>
    </Card>
  )
}
