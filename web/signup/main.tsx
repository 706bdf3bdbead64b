// Signing up, signing in, and the pages that links in our letters open.
import { Route, Router, Switch } from 'wouter'
import { mount } from 'ui/App'
import en from './locales/en.json'
import zh from './locales/zh-CN.json'
import { CompanyPage } from './pages/CompanyPage'
import { EnrolPage } from './pages/EnrolPage'
import { ForgotPage } from './pages/ForgotPage'
import { InvitePage } from './pages/InvitePage'
import { DomainPage, EmailPage } from './pages/LinkPages'
import { LoginPage } from './pages/LoginPage'
import { ResetPage } from './pages/ResetPage'
import { SignupPage } from './pages/SignupPage'
import { SsoPage } from './pages/SsoPage'
import { VerifyPage } from './pages/VerifyPage'

mount(
  <Router>
    <Switch>
      <Route path="/login/forgot" component={ForgotPage} />
      <Route path="/login/reset" component={ResetPage} />
      <Route path="/login/verify" component={VerifyPage} />
      <Route path="/login/invite" component={InvitePage} />
      <Route path="/login/company" component={CompanyPage} />
      <Route path="/login/sso" component={SsoPage} />
      <Route path="/login/enrol" component={EnrolPage} />
      <Route path="/login/email" component={EmailPage} />
      <Route path="/login/domain" component={DomainPage} />
      <Route path="/login/*?" component={LoginPage} />
      <Route component={SignupPage} />
    </Switch>
  </Router>,
  { en, 'zh-CN': zh },
)
