// Unit tests of the pure parts. A file that needs a document says so in its first line: // @vitest-environment jsdom
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: { alias: { client: here('./client'), ui: here('./ui') } },
  // A test reads the documents beside the web, to hold them against what is there.
  server: { fs: { allow: [here('..')] } },
  test: {
    environment: 'node',
    include: ['{client,ui,console,portal,signup,widget,demo}/**/*.test.{ts,tsx}'],
    passWithNoTests: true,
    // Relative times and day borders are tested; a machine's own zone must not decide them.
    env: { TZ: 'UTC' },
  },
})
