// @vitest-environment jsdom
// What docs/WIDGET.md tells the developer of a page is what the script on it takes.
import { expect, it, vi } from 'vitest'
import page from '../../../docs/WIDGET.md?raw'
import { createEmitter, type WidgetEvent } from './emitter'
import { readOptions } from './options'

const named = (pattern: RegExp) => [...new Set([...page.matchAll(pattern)].map((match) => match[1] ?? ''))]

it('takes every call that is written down', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  await import('./index')
  const frontdesk = window.frontdesk!
  const calls = named(/frontdesk\('(\w+)'/g)
  expect(calls).toEqual(expect.arrayContaining(['boot', 'open', 'about', 'on', 'shutdown']))
  for (const call of calls) frontdesk(call)
  expect(warn.mock.calls.filter(([text]) => String(text).includes('There is no method'))).toEqual([])
  frontdesk('abuot')
  expect(warn).toHaveBeenLastCalledWith('[frontdesk] There is no method "abuot".')
})

it('takes every attribute of the tag that is written down', () => {
  const good: Record<string, string> = {
    key: 'ik_1',
    locale: 'en',
    theme: 'dark',
    position: 'left',
    side: '8',
    bottom: '8',
    server: 'https://desk.example.com',
  }
  const attributes = named(/`data-([a-z-]+)/g).map((name) =>
    name.replace(/-./g, (dash) => dash.charAt(1).toUpperCase()),
  )
  expect(attributes).toContain('autoStart')
  for (const name of attributes) expect(readOptions({ [name]: good[name] ?? 'false' }), name).not.toEqual({})
})

it('tells of every event that is written down', () => {
  const rows = named(/^\| ((?:`\w+`(?:, )?)+) \| (?:nothing|how|`\{)/gm)
  const events = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map((match) => match[1] as WidgetEvent))
  expect(events).toHaveLength(7)
  const emitter = createEmitter()
  const heard: string[] = []
  for (const event of events) emitter.on(event, () => heard.push(event))
  for (const event of events) emitter.emit(event)
  expect(heard).toEqual(events)
})
