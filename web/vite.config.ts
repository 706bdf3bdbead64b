// The React apps: one build with three pages, so they share their chunks. The widget is built by its own configs.
import react from '@vitejs/plugin-react'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const APPS = ['console', 'portal', 'signup']
const SERVER = process.env['FRONTDESK_URL'] ?? 'http://localhost:7400'

/** In development vite answers what the server answers in production: the right page for every deep link. */
function pages(): Plugin {
  const page: Record<string, string> = { console: 'console', portal: 'portal', signup: 'signup', login: 'signup' }
  return {
    name: 'frontdesk-pages',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const path = (request.url ?? '/').split('?')[0] ?? '/'
        const app = page[path.split('/')[1] ?? '']
        const wantsPage = request.headers.accept?.includes('text/html') ?? false
        if (app && wantsPage) request.url = `/${app}/index.html`
        next()
      })
    },
  }
}

/** Puts ui/boot.js into every page as a blocking file of its own: a module would run after the first paint. */
function boot(): Plugin {
  let file = '/ui/boot.js'
  return {
    name: 'frontdesk-boot',
    buildStart() {
      if (this.meta.watchMode) return
      const id = this.emitFile({ type: 'asset', name: 'boot.js', source: readFileSync(here('./ui/boot.js'), 'utf8') })
      file = `/${this.getFileName(id)}`
    },
    transformIndexHtml: () => [{ tag: 'script', attrs: { src: file }, injectTo: 'head-prepend' }],
  }
}

export default defineConfig({
  root: here('.'),
  publicDir: false,
  plugins: [react(), boot(), pages()],
  resolve: { alias: { client: here('./client'), ui: here('./ui') } },
  build: {
    outDir: here('./dist'),
    emptyOutDir: true,
    assetsDir: 'assets',
    // Inlined assets would be data: URLs, which the server's policy forbids for anything but images.
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: Object.fromEntries(
        APPS.map((app) => [app, here(`./${app}/index.html`)] as const).filter(([, page]) => existsSync(page)),
      ),
    },
  },
  server: {
    port: 7410,
    proxy: {
      '/v1': { target: SERVER, ws: true },
      '/dev': { target: SERVER },
      '/widget.js': { target: SERVER },
      '/demo': { target: SERVER },
    },
  },
})
