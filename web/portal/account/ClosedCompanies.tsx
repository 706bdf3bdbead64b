// Other companies of one's own that are closed or switched off, and the way back into them.
import { Button } from '@mantine/core'
import { IconArchive, IconPlayerPlay } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AccountChoice, LoginChallenge } from 'client/types'
import { http, session, useMe } from 'ui/session'
import { date } from 'ui/time'
import { PasswordConfirm } from '../shell/PasswordConfirm'

export function ClosedCompanies() {
  const { t, i18n } = useTranslation()
  const me = useMe()
  const [opening, setOpening] = useState<AccountChoice | null>(null)
  const mine = me.accounts.filter((account) => account.role === 'owner')
  const isClosed = opening?.status === 'closed'
  const company = opening?.name ?? ''
  return (
    <>
      {mine.map((account) =>
        account.status === 'closed' || account.status === 'suspended' ? (
          <Button
            key={account.id}
            variant="default"
            leftSection={account.status === 'closed' ? <IconArchive size={16} /> : <IconPlayerPlay size={16} />}
            onClick={() => setOpening(account)}
          >
            {t(account.status === 'closed' ? 'closing.restore' : 'suspending.resume', { company: account.name })}
          </Button>
        ) : null,
      )}
      <PasswordConfirm
        opened={opening !== null}
        onClose={() => setOpening(null)}
        title={t(isClosed ? 'closing.restore' : 'suspending.resume', { company })}
        text={
          isClosed
            ? t('closing.restore_text', {
                date: opening.delete_after ? date(opening.delete_after, i18n.language) : '',
              })
            : t('suspending.resume_text')
        }
        action={t(isClosed ? 'closing.restore_action' : 'suspending.resume_action')}
        onConfirm={async (password, second_factor) => {
          const body = { email: me.user.email, password, account_id: opening?.id, second_factor }
          const path = isClosed ? '/v1/account/restore' : '/v1/account/resume'
          const answer = await http.post<object>(path, body, { auth: false })
          if ('challenge' in answer) return answer as LoginChallenge
          await session.reload()
          return null
        }}
      />
    </>
  )
}
