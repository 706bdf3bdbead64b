// The panel as a whole: language, colours and the choice between chat, trouble and teaser.

import { useEffect, useMemo, useRef } from 'preact/hooks'
import { inkOn, readableOn, safeColor } from '../shared/color'
import type { Actions } from './actions'
import { PanelContext } from './context'
import { createWords } from './i18n'
import { useStore, type Store } from './store'
import { ClosedDoor, closedBy } from './views/ClosedDoor'
import { Composer } from './views/Composer'
import { Header } from './views/Header'
import { Notice } from './views/Notice'
import { Announcer, ConnectionBanner, Trouble } from './views/Notices'
import { Teaser } from './views/Teaser'
import { Thread } from './views/Thread'
import { WaitingStrip } from './views/WaitingStrip'

export function App({ store, actions }: { store: Store; actions: Actions }) {
  const state = useStore(store)
  const mainRef = useRef<HTMLElement>(null)
  const words = useMemo(() => createWords(state.locale), [state.locale])
  const theme = state.choices.theme && state.choices.theme !== 'auto' ? state.choices.theme : state.config?.theme
  useBrand(state.choices.color ?? state.config?.color, theme ?? 'auto')

  useEffect(() => {
    document.documentElement.lang = state.locale
    document.title = words.t('chat')
  }, [state.locale, words])

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.isComposing) actions.close()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [actions])

  // Where the composer does not take the keyboard (on touch screens), a screen reader still has to land in the panel.
  useEffect(() => {
    if (state.focusRequest > 0 && matchMedia('(pointer: coarse)').matches)
      mainRef.current?.focus({ preventScroll: true })
  }, [state.focusRequest])

  const panel = useMemo(() => ({ state, actions, words }), [state, actions, words])
  const teased = !state.open && state.teaser
  const closed = closedBy(state)
  const title = state.config?.title || state.config?.company
  return (
    <PanelContext.Provider value={panel}>
      {teased && <Teaser message={teased} />}
      <main
        ref={mainRef}
        tabIndex={-1}
        class="panel"
        hidden={Boolean(teased)}
        aria-label={title ? words.t('chatWith', { name: title }) : words.t('chat')}
      >
        <Header />
        {state.phase === 'refused' ? (
          <Trouble />
        ) : (
          <>
            <ConnectionBanner />
            <Notice />
            <WaitingStrip />
            <Thread />
            {closed ? <ClosedDoor reason={closed} /> : <Composer />}
          </>
        )}
        <Announcer />
      </main>
    </PanelContext.Provider>
  )
}

/** The customer's colour, and what must be derived from it to stay readable in both schemes. */
function useBrand(color: string | undefined, theme: 'auto' | 'light' | 'dark'): void {
  useEffect(() => {
    const { style, dataset } = document.documentElement
    const brand = safeColor(color)
    style.setProperty('--brand', brand)
    style.setProperty('--brand-ink', inkOn(brand))
    style.setProperty('--accent-light', readableOn(brand, '#f2f4f7'))
    style.setProperty('--accent-dark', readableOn(brand, '#262a33'))
    dataset['theme'] = theme
  }, [color, theme])
}
