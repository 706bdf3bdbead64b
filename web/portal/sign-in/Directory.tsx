// For directories that make people and switch them off: the address, and where the key is made.
import { Anchor } from '@mantine/core'
import { Trans, useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { SignInSettings } from 'client/types'
import css from '../security/Security.module.css'
import { CopyButton } from '../shell/CopyButton'
import { Card } from '../shell/Page'

export function Directory({ settings }: { settings: SignInSettings }) {
  const { t } = useTranslation()
  return (
    <Card title={t('directory.title')} text={t('directory.text')}>
      <div className={css.form}>
        <div className={css.copy}>
          <code>{settings.scim_url}</code>
          <CopyButton text={settings.scim_url} />
        </div>
        <p className={css.note}>
          <Trans
            i18nKey="directory.key"
            components={{ to: <Anchor component={Link} href="/api-keys" inherit underline="always" /> }}
          />
        </p>
      </div>
    </Card>
  )
}
