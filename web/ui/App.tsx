// What every React app of ours stands in: theme, language, queries, notices, and a last resort when rendering fails.
import '@fontsource-variable/inter/wght.css'
import '@mantine/core/styles.layer.css'
import '@mantine/notifications/styles.layer.css'
import './theme.css'
import { localStorageColorSchemeManager, MantineProvider, mergeThemeOverrides } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode, useMemo, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { useTranslation } from 'react-i18next'
import { ApiProblem } from 'client/http'
import { CrashBoundary } from './CrashBoundary'
import { setupI18n, type Dictionaries } from './i18n'
import { recall, remember } from './storage'
import { cssVariables, theme } from './theme'

const colorScheme = localStorageColorSchemeManager({ key: 'frontdesk.color-scheme' })

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      // An answer that will be the same next time is not asked for again.
      retry: (failures, error) => failures < 3 && (!(error instanceof ApiProblem) || error.transient),
      retryDelay: (failures, error) =>
        error instanceof ApiProblem && error.retryAfter
          ? error.retryAfter * 1000
          : Math.min(1000 * 2 ** failures, 15_000),
    },
    mutations: { retry: false },
  },
})

function Providers({ children }: { children: ReactNode }) {
  const { t } = useTranslation()
  const close = t('common.close')
  // A cross alone has no name; those of notices are nowhere in our hands.
  const named = useMemo(
    () =>
      mergeThemeOverrides(theme, {
        components: { CloseButton: { defaultProps: { 'aria-label': close } } },
      }),
    [close],
  )
  return (
    <MantineProvider
      theme={named}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={colorScheme}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={queryClient}>
        <CrashBoundary>{children}</CrashBoundary>
        <Notifications position="bottom-right" limit={3} autoClose={5000} />
      </QueryClientProvider>
    </MantineProvider>
  )
}

const RELOADED = 'frontdesk.reloaded-at'

/** A page that was opened before a deploy asks for parts that are no more: it begins anew, once, and then says so. */
function reloadWhenOutdated(): void {
  addEventListener('vite:preloadError', (event) => {
    const before = Number(recall(RELOADED))
    if (Date.now() - before < 60_000) return
    event.preventDefault()
    remember(RELOADED, String(Date.now()))
    location.reload()
  })
}

/** Renders an app into the page, with its dictionaries laid over the shared ones. */
export function mount(app: ReactNode, dictionaries: Dictionaries): void {
  setupI18n(dictionaries)
  reloadWhenOutdated()
  const root = document.getElementById('root')
  if (!root) throw new Error('The page has no #root')
  createRoot(root).render(
    <StrictMode>
      <Providers>{app}</Providers>
    </StrictMode>,
  )
}
