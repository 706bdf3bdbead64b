// The management portal.
import { mount } from 'ui/App'
import { RequireSession } from 'ui/RequireSession'
import en from './locales/en.json'
import zh from './locales/zh-CN.json'
import { Portal } from './Portal'
import { GuardedRouter } from './shell/Unsaved'

mount(
  <RequireSession>
    <GuardedRouter base="/portal">
      <Portal />
    </GuardedRouter>
  </RequireSession>,
  { en, 'zh-CN': zh },
)
