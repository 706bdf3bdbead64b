// The agent console.
import { Router } from 'wouter'
import { mount } from 'ui/App'
import { RequireSession } from 'ui/RequireSession'
import { Console } from './Console'
import { DeskProvider } from './data/context'
import en from './locales/en.json'
import zh from './locales/zh-CN.json'

mount(
  <RequireSession>
    <Router base="/console">
      <DeskProvider>
        <Console />
      </DeskProvider>
    </Router>
  </RequireSession>,
  { en, 'zh-CN': zh },
)
