// What a person may ask of us, for whoever may answer it: an archive of all that is known of them, and to be forgotten.
import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconDownload, IconEraser } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Contact } from 'client/types'
import { EraseDialog } from 'ui/EraseDialog'
import { notifyProblem } from 'ui/ProblemAlert'
import { http, useCan } from 'ui/session'
import css from './ContactPanel.module.css'

export function TheirData({ contact }: { contact: Contact }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const may = useCan('data.manage')
  const [erasing, setErasing] = useState(false)
  const [busy, setBusy] = useState(false)
  if (contact.erased_at) return <p className={css.none}>{t('contact.erased_text')}</p>
  if (!may) return null

  async function take(): Promise<void> {
    setBusy(true)
    try {
      await http.post('/v1/data-exports', { holds: 'contact', contact_id: contact.id })
      notifications.show({ color: 'teal', message: t('contact.export_asked'), autoClose: 6000 })
    } catch (failure) {
      notifyProblem(t, failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <section className={css.section}>
      <h3 className={css.heading}>{t('contact.data')}</h3>
      <Button.Group>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconDownload size={14} />}
          loading={busy}
          onClick={() => void take()}
        >
          {t('erase.export')}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconEraser size={14} />}
          onClick={() => setErasing(true)}
        >
          {t('erase.menu')}
        </Button>
      </Button.Group>
      <EraseDialog
        contactId={contact.id}
        opened={erasing}
        onClose={() => setErasing(false)}
        onErased={() => void queries.invalidateQueries({ queryKey: ['contact', contact.id] })}
      />
    </section>
  )
}
