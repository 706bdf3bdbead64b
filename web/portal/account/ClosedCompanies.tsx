// Other companies of one's own that are closed, and the way back into them.
import { Button } from '@mantine/core'
import { IconArchive } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AccountChoice } from 'client/types'
import { http, session, useMe } from 'ui/session'
import { date } from 'ui/time'
import { PasswordConfirm } from '../shell/PasswordConfirm'

export function ClosedCompanies() {
  const { t, i18n } = useTranslation()
  const me = useMe()
  const [restoring, setRestoring] = useState<AccountChoice | null>(null)
  const closed = me.accounts.filter((account) => account.status === 'closed' && account.role === 'owner')
  return (
    <>
      {closed.map((account) => (
        <Button
          key={account.id}
          variant="default"
          leftSection={<IconArchive size={16} />}
          onClick={() => setRestoring(account)}
        >
          {t('closing.restore', { company: account.name })}
        </Button>
      ))}
      <PasswordConfirm
        opened={restoring !== null}
        onClose={() => setRestoring(null)}
        title={t('closing.restore', { company: restoring?.name ?? '' })}
        text={t('closing.restore_text', {
          date: restoring?.delete_after ? date(restoring.delete_after, i18n.language) : '',
        })}
        action={t('closing.restore_action')}
        onConfirm={async (password) => {
          const body = { email: me.user.email, password, account_id: restoring?.id }
          await http.post('/v1/account/restore', body, { auth: false })
          await session.reload()
        }}
      />
    </>
  )
}
