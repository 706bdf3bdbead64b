// The portal's navigation column: only what one's role may open.
import {
  IconArrowsSplit2,
  IconArrowUpRight,
  IconBuildings,
  IconBulb,
  IconCards,
  IconChartBar,
  IconClockHour9,
  IconHistory,
  IconHome,
  IconKey,
  IconLifebuoy,
  IconLogin2,
  IconMessageChatbot,
  IconMessages,
  IconReceipt,
  IconRoute,
  IconSettings,
  IconShieldCheck,
  IconShieldHalf,
  IconShieldLock,
  IconSpeakerphone,
  IconStack2,
  IconStar,
  IconTargetArrow,
  IconUsers,
  IconUsersGroup,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { AccountMenu } from 'ui/AccountMenu'
import { NavItem, NavSection } from 'ui/Shell'
import { useMe } from 'ui/session'
import { useGroups } from '../data/api'
import css from './Nav.module.css'

const SECTIONS = [
  {
    title: null,
    items: [
      { name: 'overview', href: '/', icon: <IconHome />, needs: null },
      { name: 'inboxes', href: '/inboxes', icon: <IconMessageChatbot />, needs: 'inboxes.manage' },
      { name: 'team', href: '/team', icon: <IconUsers />, needs: 'agents.manage' },
      { name: 'roles', href: '/roles', icon: <IconShieldHalf />, needs: 'agents.manage' },
    ],
  },
  {
    title: 'routing',
    items: [
      { name: 'teams', href: '/teams', icon: <IconUsersGroup />, needs: 'routing.manage' },
      { name: 'skills', href: '/skills', icon: <IconBulb />, needs: 'routing.manage' },
      { name: 'hours', href: '/hours', icon: <IconClockHour9 />, needs: 'routing.manage' },
      { name: 'policies', href: '/policies', icon: <IconRoute />, needs: 'routing.manage' },
      { name: 'rules', href: '/rules', icon: <IconArrowsSplit2 />, needs: 'routing.manage' },
      { name: 'waiting_content', href: '/waiting-content', icon: <IconCards />, needs: 'routing.manage' },
    ],
  },
  {
    title: 'insight',
    items: [
      { name: 'ratings', href: '/ratings', icon: <IconStar />, needs: 'surveys.read' },
      { name: 'estimates', href: '/estimates', icon: <IconTargetArrow />, needs: 'surveys.read' },
    ],
  },
  {
    title: 'billing',
    items: [
      { name: 'plan', href: '/billing', icon: <IconStack2 />, needs: 'usage.read' },
      { name: 'usage', href: '/usage', icon: <IconChartBar />, needs: 'usage.read' },
      { name: 'invoices', href: '/invoices', icon: <IconReceipt />, needs: 'usage.read' },
    ],
  },
  {
    title: 'company',
    items: [
      { name: 'emergency', href: '/emergency', icon: <IconSpeakerphone />, needs: 'account.manage' },
      { name: 'api_keys', href: '/api-keys', icon: <IconKey />, needs: 'api_keys.manage' },
      { name: 'support', href: '/support', icon: <IconLifebuoy />, needs: 'account.manage' },
      { name: 'data', href: '/data', icon: <IconShieldLock />, needs: 'data.manage' },
      { name: 'audit', href: '/audit-log', icon: <IconHistory />, needs: 'audit.read' },
      { name: 'group', href: '/group', icon: <IconBuildings />, needs: 'account.manage' },
      { name: 'sign_in', href: '/sign-in', icon: <IconLogin2 />, needs: 'account.manage' },
      { name: 'safety', href: '/safety', icon: <IconShieldCheck />, needs: 'account.manage' },
      { name: 'security', href: '/security', icon: <IconShieldLock />, needs: null },
      { name: 'account', href: '/account', icon: <IconSettings />, needs: null },
    ],
  },
] as const

export function PortalHeader() {
  return <AccountMenu here="portal" />
}

export function PortalNav() {
  const { t } = useTranslation()
  const { permissions, support } = useMe()
  const [path] = useLocation()
  // Who manages a group is a person, not a role: an agent may. Asked only where the role alone does not say so.
  const asks = !permissions.includes('account.manage') && !support
  const groups = useGroups({ enabled: asks })
  const managesGroup = asks && (groups.data?.length ?? 0) > 0
  return SECTIONS.map((section) => {
    const items = section.items.filter(
      (item) => item.needs === null || permissions.includes(item.needs) || (item.name === 'group' && managesGroup),
    )
    if (items.length === 0) return null
    return (
      <NavSection key={section.title ?? ''} title={section.title ? t(`nav.${section.title}`) : undefined}>
        {items.map((item) => (
          <NavItem
            key={item.name}
            href={item.href}
            icon={item.icon}
            label={t(`nav.${item.name}`)}
            active={item.href === '/' ? path === '/' : path === item.href || path.startsWith(`${item.href}/`)}
          />
        ))}
      </NavSection>
    )
  })
}

export function PortalFooter() {
  const { t } = useTranslation()
  return (
    <a href="/console" className={css.console}>
      <IconMessages size={18} stroke={1.8} aria-hidden />
      <span>{t('nav.console')}</span>
      <IconArrowUpRight size={15} aria-hidden className={css.arrow} />
    </a>
  )
}
