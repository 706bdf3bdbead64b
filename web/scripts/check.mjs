// Type-checks every room, then lints. A room with a tsconfig of its own (the widget renders with Preact) is checked by it.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const web = join(dirname(fileURLToPath(import.meta.url)), '..')
const bin = (name) => join(web, 'node_modules', '.bin', name)

const steps = ['tsconfig.json', 'widget/tsconfig.json', 'demo/tsconfig.json']
  .filter((config) => existsSync(join(web, config)))
  .map((config) => [bin('tsc'), '-p', config])
steps.push([bin('oxlint'), '-c', '.oxlintrc.json', '.'])

let failed = false
for (const [command, ...args] of steps) {
  const { status } = spawnSync(command, args, { cwd: web, stdio: 'inherit' })
  if (status !== 0) failed = true
}
process.exit(failed ? 1 : 0)
