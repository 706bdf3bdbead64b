// A fresh key, and its secret: shown this once.
import { Alert, Button, Group } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { IdentityKeyCreated } from 'client/types'
import { CopyButton } from '../shell/CopyButton'
import css from './Identity.module.css'

export function Secret({ created, onClose }: { created: IdentityKeyCreated; onClose: () => void }) {
  const { t } = useTranslation()
  const [copied, setCopied] = useState(!created.secret)
  return (
    <div className={css.form}>
      {created.secret && (
        <>
          <Alert color="amber" variant="light" radius="md" icon={<IconAlertTriangle size={18} />}>
            {t('identity.once')}
          </Alert>
          <div className={css.secret}>
            <code>{created.secret}</code>
            <CopyButton text={created.secret} variant="filled" onCopied={() => setCopied(true)} data-autofocus />
          </div>
        </>
      )}
      <p className={css.meta}>
        {t('identity.kid')} <code className={css.kid}>{created.id}</code>
      </p>
      <Group justify="flex-end">
        <Button variant={copied ? 'filled' : 'default'} onClick={onClose}>
          {t(created.secret ? 'keys.kept' : 'common.close')}
        </Button>
      </Group>
    </div>
  )
}
