// Removing something for good, with a second thought. What is still in use the server keeps, and says so.
import { Button } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'
import { Confirm } from '../shell/Confirm'
import { useUnsavedGiveUp } from '../shell/Unsaved'
import css from './Setup.module.css'

export function RemoveCard(props: { path: string; name: string; text: string; back: string; refresh: string[] }) {
  const { t } = useTranslation()
  const [, navigate] = useLocation()
  const refresh = useRefresh()
  const giveUp = useUnsavedGiveUp()
  const [asking, setAsking] = useState(false)
  return (
    <div className={css.remove}>
      <Button
        variant="subtle"
        color="red"
        size="xs"
        leftSection={<IconTrash size={15} />}
        onClick={() => setAsking(true)}
      >
        {t('setup.remove', { name: props.name })}
      </Button>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        danger
        title={t('setup.remove_sure', { name: props.name })}
        text={props.text}
        action={t('common.remove')}
        onConfirm={async () => {
          await http.delete(props.path)
          giveUp()
          navigate(props.back)
          await refresh(...props.refresh, 'audit')
        }}
      />
    </div>
  )
}
