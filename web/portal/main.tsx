// The management portal.
import { mount } from 'ui/App'
import { RequireSession } from 'ui/RequireSession'
import { words } from './words'
import { Portal } from './Portal'
import { GuardedRouter } from './shell/Unsaved'

mount(
  <RequireSession>
    <GuardedRouter base="/portal">
      <Portal />
    </GuardedRouter>
  </RequireSession>,
  words,
)
