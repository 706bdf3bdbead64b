// What every view reads: the state, the words in the reader's language, and what may be asked for.

import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Actions } from './actions'
import type { Words } from './i18n'
import type { PanelState } from './store'

export interface Panel {
  state: PanelState
  actions: Actions
  words: Words
}

export const PanelContext = createContext<Panel | null>(null)

export function usePanel(): Panel {
  const panel = useContext(PanelContext)
  if (!panel) throw new Error('a view outside the panel')
  return panel
}
