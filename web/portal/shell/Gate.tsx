// What somebody sees where their role does not reach, and where there is nothing.
import { Button, Group } from '@mantine/core'
import { IconHeartHandshake, IconMapOff } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { EmptyState } from 'ui/EmptyState'
import { useCan, useMe } from 'ui/session'
import { Page } from './Page'
import css from './Gate.module.css'
import { roleName } from 'ui/role'

export function Allowed({ permission, children }: { permission: string; children: ReactNode }) {
  return useCan(permission) ? children : <NotForYou />
}

/** For a role without rights here: kind, and with the way to where the work is. */
export function NotForYou() {
  const { t } = useTranslation()
  const me = useMe()
  return (
    <Page title={t('gate.page')}>
      <div className={css.middle}>
        <EmptyState
          icon={<IconHeartHandshake />}
          title={t('gate.title', { name: me.agent.name })}
          text={t('gate.text', { company: me.account.name, role: roleName(t, me.agent) })}
          action={
            <Group justify="center" gap="xs">
              <Button component="a" href="/console">
                {t('nav.console')}
              </Button>
              <Button component={Link} href="/account" variant="default">
                {t('gate.profile')}
              </Button>
            </Group>
          }
        />
      </div>
    </Page>
  )
}

export function NotFound() {
  const { t } = useTranslation()
  return (
    <Page title={t('gate.missing_page')}>
      <div className={css.middle}>
        <EmptyState
          icon={<IconMapOff />}
          title={t('gate.missing')}
          text={t('gate.missing_text')}
          action={
            <Button component={Link} href="/" variant="default">
              {t('gate.home')}
            </Button>
          }
        />
      </div>
    </Page>
  )
}
