// The whole portal: navigation, the notices above everything, and one page.
import { lazy, Suspense } from 'react'
import { Route, Switch } from 'wouter'
import { Shell } from 'ui/Shell'
import { AccountPage } from './account/AccountPage'
import { BillingBanner } from './billing/BillingBanner'
import { EmergencyPage } from './emergency/EmergencyPage'
import { InboxesPage } from './inboxes/InboxesPage'
import { InboxPage } from './inboxes/InboxPage'
import { ApiKeysPage } from './keys/ApiKeysPage'
import { AuditPage } from './audit/AuditPage'
import { RatingsPage } from './ratings/RatingsPage'
import { PortalFooter, PortalHeader, PortalNav } from './shell/Nav'
import { Allowed, NotFound } from './shell/Gate'
import { PageSkeleton } from './shell/Page'
import { EmergencyBanner } from './shell/EmergencyBanner'
import { VerifyBanner } from './shell/VerifyBanner'
import { SupportBanner } from 'ui/SupportBanner'
import { SupportPage } from './support/SupportPage'
import { TeamPage } from './team/TeamPage'

// These two bring the charts along.
const OverviewPage = lazy(() => import('./overview/OverviewPage').then((page) => ({ default: page.OverviewPage })))
const UsagePage = lazy(() => import('./usage/UsagePage').then((page) => ({ default: page.UsagePage })))

// Money is looked at by few.
const PlanPage = lazy(() => import('./billing/PlanPage').then((page) => ({ default: page.PlanPage })))
const InvoicesPage = lazy(() => import('./billing/InvoicesPage').then((page) => ({ default: page.InvoicesPage })))
const InvoicePage = lazy(() => import('./billing/InvoicePage').then((page) => ({ default: page.InvoicePage })))

// The setup of routing is opened seldom, and by few.
const GroupPage = lazy(() => import('./group/GroupPage').then((page) => ({ default: page.GroupPage })))
const RolesPage = lazy(() => import('./roles/RolesPage').then((page) => ({ default: page.RolesPage })))
const RoleEditor = lazy(() => import('./roles/RoleEditor').then((page) => ({ default: page.RoleEditor })))
const TeamsPage = lazy(() => import('./teams/TeamsPage').then((page) => ({ default: page.TeamsPage })))
const TeamEditor = lazy(() => import('./teams/TeamEditor').then((page) => ({ default: page.TeamEditor })))
const SkillsPage = lazy(() => import('./skills/SkillsPage').then((page) => ({ default: page.SkillsPage })))
const HoursPage = lazy(() => import('./hours/HoursPage').then((page) => ({ default: page.HoursPage })))
const HoursEditor = lazy(() => import('./hours/HoursEditor').then((page) => ({ default: page.HoursEditor })))
const PoliciesPage = lazy(() => import('./policies/PoliciesPage').then((page) => ({ default: page.PoliciesPage })))
const PolicyEditor = lazy(() => import('./policies/PolicyEditor').then((page) => ({ default: page.PolicyEditor })))
const RulesPage = lazy(() => import('./rules/RulesPage').then((page) => ({ default: page.RulesPage })))
const RuleEditor = lazy(() => import('./rules/RuleEditor').then((page) => ({ default: page.RuleEditor })))
const ContentPage = lazy(() => import('./waiting/ContentPage').then((page) => ({ default: page.ContentPage })))
const ContentEditor = lazy(() => import('./waiting/ContentEditor').then((page) => ({ default: page.ContentEditor })))
const DataPage = lazy(() => import('./privacy/DataPage').then((page) => ({ default: page.DataPage })))
const SafetyPage = lazy(() => import('./safety/SafetyPage').then((page) => ({ default: page.SafetyPage })))
const SecurityPage = lazy(() => import('./security/SecurityPage').then((page) => ({ default: page.SecurityPage })))
const SignInPage = lazy(() => import('./sign-in/SignInPage').then((page) => ({ default: page.SignInPage })))
const EstimatesPage = lazy(() => import('./estimates/EstimatesPage').then((page) => ({ default: page.EstimatesPage })))

function Banners() {
  return (
    <>
      <SupportBanner />
      <EmergencyBanner />
      <BillingBanner />
      <VerifyBanner />
    </>
  )
}

export function Portal() {
  return (
    <Shell header={<PortalHeader />} nav={<PortalNav />} footer={<PortalFooter />} banner={<Banners />}>
      <Suspense fallback={<PageSkeleton />}>
        <Switch>
          <Route path="/" component={OverviewPage} />
          <Route path="/inboxes">
            <Allowed permission="inboxes.manage">
              <InboxesPage />
            </Allowed>
          </Route>
          <Route path="/inboxes/:id">
            {({ id }) => (
              <Allowed permission="inboxes.manage">
                <InboxPage key={id} id={id} />
              </Allowed>
            )}
          </Route>
          <Route path="/team">
            <Allowed permission="agents.manage">
              <TeamPage />
            </Allowed>
          </Route>
          <Route path="/roles">
            <Allowed permission="agents.manage">
              <RolesPage />
            </Allowed>
          </Route>
          <Route path="/roles/:id">
            {({ id }) => (
              <Allowed permission="agents.manage">
                <RoleEditor id={id} />
              </Allowed>
            )}
          </Route>
          <Route path="/teams">
            <Allowed permission="routing.manage">
              <TeamsPage />
            </Allowed>
          </Route>
          <Route path="/teams/:id">
            {({ id }) => (
              <Allowed permission="routing.manage">
                <TeamEditor id={id} />
              </Allowed>
            )}
          </Route>
          <Route path="/skills">
            <Allowed permission="routing.manage">
              <SkillsPage />
            </Allowed>
          </Route>
          <Route path="/hours">
            <Allowed permission="routing.manage">
              <HoursPage />
            </Allowed>
          </Route>
          <Route path="/hours/:id">
            {({ id }) => (
              <Allowed permission="routing.manage">
                <HoursEditor id={id} />
              </Allowed>
            )}
          </Route>
          <Route path="/policies">
            <Allowed permission="routing.manage">
              <PoliciesPage />
            </Allowed>
          </Route>
          <Route path="/policies/:id">
            {({ id }) => (
              <Allowed permission="routing.manage">
                <PolicyEditor id={id} />
              </Allowed>
            )}
          </Route>
          <Route path="/rules">
            <Allowed permission="routing.manage">
              <RulesPage />
            </Allowed>
          </Route>
          <Route path="/rules/:id">
            {({ id }) => (
              <Allowed permission="routing.manage">
                <RuleEditor id={id} />
              </Allowed>
            )}
          </Route>
          <Route path="/waiting-content">
            <Allowed permission="routing.manage">
              <ContentPage />
            </Allowed>
          </Route>
          <Route path="/waiting-content/:id">
            {({ id }) => (
              <Allowed permission="routing.manage">
                <ContentEditor id={id} />
              </Allowed>
            )}
          </Route>
          <Route path="/estimates">
            <Allowed permission="surveys.read">
              <EstimatesPage />
            </Allowed>
          </Route>
          <Route path="/ratings">
            <Allowed permission="surveys.read">
              <RatingsPage />
            </Allowed>
          </Route>
          <Route path="/usage">
            <Allowed permission="usage.read">
              <UsagePage />
            </Allowed>
          </Route>
          <Route path="/billing">
            <Allowed permission="usage.read">
              <PlanPage />
            </Allowed>
          </Route>
          <Route path="/invoices">
            <Allowed permission="usage.read">
              <InvoicesPage />
            </Allowed>
          </Route>
          <Route path="/invoices/:id">
            {({ id }) => (
              <Allowed permission="usage.read">
                <InvoicePage key={id} id={id} />
              </Allowed>
            )}
          </Route>
          <Route path="/emergency">
            <Allowed permission="account.manage">
              <EmergencyPage />
            </Allowed>
          </Route>
          <Route path="/api-keys">
            <Allowed permission="api_keys.manage">
              <ApiKeysPage />
            </Allowed>
          </Route>
          <Route path="/data">
            <Allowed permission="data.manage">
              <DataPage />
            </Allowed>
          </Route>
          <Route path="/audit-log">
            <Allowed permission="audit.read">
              <AuditPage />
            </Allowed>
          </Route>
          <Route path="/group" component={GroupPage} />
          <Route path="/support">
            <Allowed permission="account.manage">
              <SupportPage />
            </Allowed>
          </Route>
          <Route path="/sign-in">
            <Allowed permission="account.manage">
              <SignInPage />
            </Allowed>
          </Route>
          <Route path="/safety">
            <Allowed permission="account.manage">
              <SafetyPage />
            </Allowed>
          </Route>
          <Route path="/security" component={SecurityPage} />
          <Route path="/account" component={AccountPage} />
          <Route component={NotFound} />
        </Switch>
      </Suspense>
    </Shell>
  )
}
