// Whether a contact may write, and what a supervisor can do about it.
import { ActionIcon, Alert, Button, Group, Menu, Modal, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconBan, IconDotsVertical, IconLogout, IconMessageCheck } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Contact } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { http, useCan } from 'ui/session'

type Deed = 'block' | 'sign_out'

export function Standing({ contact, onChanged }: { contact: Contact; onChanged: (contact: Contact) => void }) {
  const { t } = useTranslation()
  const [asking, setAsking] = useState<Deed | null>(null)
  const [busy, setBusy] = useState(false)
  const supervises = useCan('conversations.supervise')
  const blocked = contact.blocked_at !== null
  const path = `/v1/contacts/${contact.id}`

  async function run(deed: () => Promise<unknown>): Promise<void> {
    setBusy(true)
    try {
      await deed()
      setAsking(null)
    } catch (problem) {
      notifyProblem(t, problem)
    } finally {
      setBusy(false)
    }
  }

  const setBlocked = (to: boolean) =>
    run(async () => onChanged(await http.put<Contact>(`${path}/blocked`, { blocked: to })))
  const signOut = () =>
    run(async () => {
      await http.delete(`${path}/sessions`)
      notifications.show({ color: 'teal', message: t('contact.signed_out'), autoClose: 2500 })
    })

  return (
    <>
      {supervises && (
        <Menu position="bottom-end" width={232}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={t('contact.more')} pos="absolute" top={10} right={10}>
              <IconDotsVertical size={17} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {blocked ? (
              <Menu.Item leftSection={<IconMessageCheck size={16} />} onClick={() => void setBlocked(false)}>
                {t('contact.unblock')}
              </Menu.Item>
            ) : (
              <Menu.Item c="var(--mantine-color-error)" leftSection={<IconBan size={16} />} onClick={() => setAsking('block')}>
                {t('contact.block')}
              </Menu.Item>
            )}
            <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => setAsking('sign_out')}>
              {t('contact.sign_out')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      {blocked && (
        <Alert color="red" variant="light" radius="md" mx="md" mb="xs" p="xs" icon={<IconBan size={16} />}>
          {t('contact.blocked')}
        </Alert>
      )}
      <Modal
        centered
        opened={asking !== null}
        onClose={() => setAsking(null)}
        title={t(`contact.${asking ?? 'block'}_title`)}
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        <Text size="sm" c="dimmed" mb="lg">
          {t(`contact.${asking ?? 'block'}_text`)}
        </Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" data-autofocus onClick={() => setAsking(null)}>
            {t('common.cancel')}
          </Button>
          <Button
            color="red.9"
            loading={busy}
            onClick={() => void (asking === 'block' ? setBlocked(true) : signOut())}
          >
            {t(`contact.${asking ?? 'block'}`)}
          </Button>
        </Group>
      </Modal>
    </>
  )
}
