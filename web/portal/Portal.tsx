// The whole portal: navigation, the notices above everything, and one page.
import { lazy, Suspense } from 'react'
import { Route, Switch } from 'wouter'
import { Shell } from 'ui/Shell'
import { AccountPage } from './account/AccountPage'
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
import { TeamPage } from './team/TeamPage'

// These two bring the charts along.
const OverviewPage = lazy(() => import('./overview/OverviewPage').then((page) => ({ default: page.OverviewPage })))
const UsagePage = lazy(() => import('./usage/UsagePage').then((page) => ({ default: page.UsagePage })))

function Banners() {
  return (
    <>
      <EmergencyBanner />
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
          <Route path="/audit-log">
            <Allowed permission="audit.read">
              <AuditPage />
            </Allowed>
          </Route>
          <Route path="/account" component={AccountPage} />
          <Route component={NotFound} />
        </Switch>
      </Suspense>
    </Shell>
  )
}
