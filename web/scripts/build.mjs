// Builds everything under web/ into dist/, in the layout the server serves.
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const web = join(dirname(fileURLToPath(import.meta.url)), '..')
process.chdir(web)
process.env.NODE_ENV ??= 'production'

const started = performance.now()

// First, because this one empties dist/; the others add to it.
await build({ configFile: join(web, 'vite.config.ts'), logLevel: 'warn' })

for (const room of ['widget', 'demo']) {
  const folder = join(web, room)
  if (!existsSync(folder)) continue
  const configs = readdirSync(folder)
    .filter((name) => /^vite\..*\.mjs$/.test(name))
    .sort()
  for (const config of configs) {
    await build({ configFile: join(folder, config), logLevel: 'warn' })
  }
}

console.log(`built web/dist in ${((performance.now() - started) / 1000).toFixed(1)} s`)
