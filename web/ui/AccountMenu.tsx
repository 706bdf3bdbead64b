// The corner that says which company this is and who you are: switch company, change language and theme, sign out.
import { Menu, UnstyledButton } from '@mantine/core'
import {
  IconBuilding,
  IconCheck,
  IconLanguage,
  IconLogout,
  IconMessages,
  IconMoon,
  IconSelector,
  IconSettings,
} from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { LogoMark } from './Logo'
import { notifyProblem } from './ProblemAlert'
import { loginUrl, session, useMe } from './session'
import { ColorSchemeItems, LanguageItems } from './Switches'
import css from './AccountMenu.module.css'

const ICON = { size: 16, stroke: 1.7 }

export function AccountMenu({ here, children }: { here: 'console' | 'portal'; children?: ReactNode }) {
  const { t } = useTranslation()
  const me = useMe()
  const [busy, setBusy] = useState(false)
  // Supervisors run nothing, but the portal has the ratings and the usage that they may see.
  const seesThePortal = me.permissions.includes('usage.read')
  const open = me.accounts.filter((account) => account.status === 'active')

  async function switchTo(id: string) {
    if (id === me.account.id) return
    try {
      await session.switchAccount(id)
      // Deep links of the other company mean nothing in this one.
      location.assign(`/${here}`)
    } catch (problem) {
      notifyProblem(t, problem)
    }
  }

  async function signOut() {
    setBusy(true)
    await session.logout().catch(() => undefined)
    location.assign(loginUrl({ pathname: `/${here}`, search: '', hash: '' }))
  }

  return (
    <Menu position="bottom-start" width={248}>
      <Menu.Target>
        <UnstyledButton className={css.target}>
          <LogoMark size={26} />
          <span className={css.names}>
            <span className={`${css.account} fd-truncate`}>{me.account.name}</span>
            <span className="fd-sr">{t('account.menu')}</span>
          </span>
          <IconSelector size={15} className={css.chevron} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={css.who}>
          <div className="fd-truncate">{me.user.name || me.user.email}</div>
          <div className={`${css.email} fd-truncate`}>{me.user.email}</div>
        </div>
        <Menu.Divider />
        {children}
        {open.length > 1 && (
          <>
            <Menu.Label>{t('account.switch')}</Menu.Label>
            {open.map((account) => (
              <Menu.Item
                key={account.id}
                leftSection={<IconBuilding {...ICON} />}
                rightSection={account.id === me.account.id ? <IconCheck size={15} /> : null}
                onClick={() => void switchTo(account.id)}
              >
                {account.name}
              </Menu.Item>
            ))}
            <Menu.Divider />
          </>
        )}
        {here === 'portal' && (
          <Menu.Item component="a" href="/console" leftSection={<IconMessages {...ICON} />}>
            {t('account.console')}
          </Menu.Item>
        )}
        {here === 'console' && seesThePortal && (
          <Menu.Item component="a" href="/portal" leftSection={<IconSettings {...ICON} />}>
            {t('account.portal')}
          </Menu.Item>
        )}
        <Menu.Sub>
          <Menu.Sub.Target>
            <Menu.Sub.Item leftSection={<IconLanguage {...ICON} />}>{t('switches.language')}</Menu.Sub.Item>
          </Menu.Sub.Target>
          <Menu.Sub.Dropdown>
            <LanguageItems />
          </Menu.Sub.Dropdown>
        </Menu.Sub>
        <Menu.Sub>
          <Menu.Sub.Target>
            <Menu.Sub.Item leftSection={<IconMoon {...ICON} />}>{t('switches.scheme')}</Menu.Sub.Item>
          </Menu.Sub.Target>
          <Menu.Sub.Dropdown>
            <ColorSchemeItems />
          </Menu.Sub.Dropdown>
        </Menu.Sub>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout {...ICON} />} disabled={busy} onClick={() => void signOut()}>
          {t(busy ? 'account.signing_out' : 'account.sign_out')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
