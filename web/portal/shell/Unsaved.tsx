// Nobody loses what they wrote by a click beside it: leaving a page with something unsaved asks first, be it by a link of the
// portal, by the browser's own buttons, or by closing the tab.
import { createContext, useCallback, useContext, useEffect, useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Router } from 'wouter'
import { Confirm } from './Confirm'

const UnsavedContext = createContext<(dirty: boolean) => void>(() => undefined)

/** Where the browser has it (not in every one), it also tells of its back button in time to say no. */
interface Traversal extends Event {
  navigationType: string
  destination: { key: string }
}
interface Travels extends EventTarget {
  traverseTo(key: string): unknown
}

/** The portal's router, which asks before it leaves something unsaved. */
export function GuardedRouter({ base, children }: { base: string; children: ReactNode }) {
  const { t } = useTranslation()
  const [leave, setLeave] = useState<(() => void) | null>(null)
  const dirty = useRef(false)

  const tell = useCallback((next: boolean) => {
    dirty.current = next
  }, [])

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => dirty.current && event.preventDefault()
    const travels = (globalThis as { navigation?: Travels }).navigation
    const travel = (event: Event) => {
      const { navigationType, destination } = event as Traversal
      if (!dirty.current || navigationType !== 'traverse' || !event.cancelable) return
      event.preventDefault()
      setLeave(() => () => travels?.traverseTo(destination.key))
    }
    addEventListener('beforeunload', warn)
    travels?.addEventListener('navigate', travel)
    return () => {
      removeEventListener('beforeunload', warn)
      travels?.removeEventListener('navigate', travel)
    }
  }, [])

  return (
    <UnsavedContext value={tell}>
      <Router
        base={base}
        aroundNav={(navigate, to, options) => {
          if (dirty.current) setLeave(() => () => navigate(to, options))
          else navigate(to, options)
        }}
      >
        {children}
      </Router>
      <Confirm
        opened={leave !== null}
        onClose={() => setLeave(null)}
        danger
        title={t('unsaved.title')}
        text={t('unsaved.text')}
        action={t('unsaved.leave')}
        onConfirm={async () => {
          dirty.current = false
          leave?.()
        }}
      />
    </UnsavedContext>
  )
}

/** While `dirty`, this page asks before it is left. */
export function useUnsaved(dirty: boolean): void {
  const tell = useContext(UnsavedContext)
  useEffect(() => {
    tell(dirty)
    return () => tell(false)
  }, [dirty, tell])
}

/** For what removes the very thing that was edited: there is nothing left to save. */
export function useUnsavedGiveUp(): () => void {
  const tell = useContext(UnsavedContext)
  return useCallback(() => tell(false), [tell])
}
