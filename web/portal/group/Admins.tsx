// Who manages a group.
import { Button } from '@mantine/core'
import { IconUserPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { OrganisationView } from 'client/types'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'
import { CreateDialog } from '../setup/CreateDialog'
import { Confirm } from '../shell/Confirm'
import { Card } from '../shell/Page'
import css from './Group.module.css'

export function Admins({ group }: { group: OrganisationView }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [adding, setAdding] = useState(false)
  const [removing, setRemoving] = useState<{ user_id: string; name: string } | null>(null)
  const path = `/v1/organisations/${encodeURIComponent(group.id)}/admins`
  return (
    <Card
      flush
      title={t('group.admins')}
      text={t('group.admins_text')}
      aside={
        <Button size="xs" variant="default" leftSection={<IconUserPlus size={15} />} onClick={() => setAdding(true)}>
          {t('group.add_admin')}
        </Button>
      }
    >
      <ul className={css.people}>
        {group.admins.map((admin) => (
          <li key={admin.user_id}>
            <span>
              <b>{admin.name}</b>
              <small>{admin.email}</small>
            </span>
            {group.admins.length > 1 && (
              <Button size="compact-sm" variant="subtle" color="red" onClick={() => setRemoving(admin)}>
                {t('common.remove')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <CreateDialog
        opened={adding}
        onClose={() => setAdding(false)}
        title={t('group.add_admin')}
        example={t('team.email_example')}
        label={t('team.email')}
        longest={254}
        onSave={async (email) => {
          await http.post(path, { email })
          await refresh(`group ${group.id}`)
        }}
      />
      <Confirm
        opened={removing !== null}
        onClose={() => setRemoving(null)}
        danger
        title={t('group.remove_admin', { name: removing?.name ?? '' })}
        text={t('group.remove_admin_text')}
        action={t('common.remove')}
        onConfirm={async () => {
          await http.delete(`${path}/${encodeURIComponent(removing?.user_id ?? '')}`)
          await refresh(`group ${group.id}`, 'groups')
        }}
      />
    </Card>
  )
}
