// The management portal.
import { Router } from 'wouter'
import { mount } from 'ui/App'
import { RequireSession } from 'ui/RequireSession'
import en from './locales/en.json'
import zh from './locales/zh-CN.json'
import { Portal } from './Portal'

mount(
  <RequireSession>
    <Router base="/portal">
      <Portal />
    </Router>
  </RequireSession>,
  { en, 'zh-CN': zh },
)
