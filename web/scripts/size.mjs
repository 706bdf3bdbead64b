// Weighs what a visitor's page downloads, and fails when the widget outgrows its promise. Sizes are gzip, in bytes.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist')
const BUDGETS = [
  { name: 'widget.js', paths: ['widget.js'], limit: 10 * 1024 },
  { name: 'widget frame, all of it', paths: ['widget'], limit: 60 * 1024 },
]
// Weighed for the record; nobody's page but our own loads these.
const APPS = ['console', 'portal', 'signup']

function files(path) {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path).flatMap((name) => files(join(path, name)))
}

const weigh = (paths) => paths.reduce((sum, path) => sum + gzipSync(readFileSync(path), { level: 9 }).length, 0)
const show = (bytes) => `${(bytes / 1024).toFixed(1)} KB`

let failed = false
for (const { name, paths, limit } of BUDGETS) {
  const found = paths.flatMap((path) => files(join(dist, path))).filter((path) => !path.endsWith('.map'))
  const bytes = weigh(found)
  const missing = found.length === 0
  const over = bytes > limit
  if (missing || over) failed = true
  const verdict = missing ? 'NOT BUILT' : over ? 'OVER BUDGET' : 'ok'
  console.log(`${name.padEnd(26)} ${show(bytes).padStart(9)} of ${show(limit).padStart(8)}  ${verdict}`)
}

for (const app of APPS) {
  const page = join(dist, app, 'index.html')
  if (!existsSync(page)) continue
  const linked = [...readFileSync(page, 'utf8').matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)]
    .map((match) => join(dist, match[1]))
    .filter((path) => existsSync(path))
  console.log(`${relative(dist, page).padEnd(26)} ${show(weigh(linked)).padStart(9)} at first load`)
}
process.exit(failed ? 1 : 0)
