// Writes the types of the API and of the realtime frames from the committed documents in openapi/.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const web = join(dirname(fileURLToPath(import.meta.url)), '..')
const document = (name) => readFileSync(join(web, '..', 'openapi', name), 'utf8')

// realtime.json is JSON Schema; the generator reads OpenAPI, and its components are the same thing there.
function framed(text) {
  const { title, components } = JSON.parse(text)
  return JSON.stringify({ openapi: '3.1.0', info: { title, version: '1' }, paths: {}, components })
}

function generate(input, output) {
  const generator = join(web, 'node_modules', '.bin', 'openapi-typescript')
  const { status } = spawnSync(generator, ['--empty-objects-unknown', '-o', output], {
    cwd: web,
    input,
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  if (status !== 0) process.exit(status ?? 1)
}

generate(document('v1.json'), 'client/schema.d.ts')
generate(framed(document('realtime.json')), 'client/realtime.gen.ts')
