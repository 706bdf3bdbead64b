// @vitest-environment jsdom
// What was written while there was no panel is sent by it, once, and the page is told when it need not keep it any longer.
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { clear, embed, open, pageSays, raise, server, settle, toldPage } from './fake'

const first = { id: '11111111-0000-4000-8000-000000000000', text: 'Do you ship to Graz?', at: Date.now() - 60_000 }
const second = { id: '22222222-0000-4000-8000-000000000000', text: 'And to Linz?', at: Date.now() - 50_000 }
const texts = () => server.messages.map((message) => message.text)
const taken = () => toldPage().flatMap((message) => ('ids' in message ? (message.ids as string[]) : []))

beforeEach(() => {
  raise()
  embed()
})
afterEach(clear)

async function says(message: object): Promise<void> {
  await act(() => pageSays(message))
  await settle()
}

it('sends what was left in order and once, however often it is handed over', async () => {
  const desk = await open()
  server.reachable = false
  await says({ type: 'left', messages: [second, first] })
  await says({ type: 'left', messages: [first, second] })
  expect(taken()).toEqual([])
  server.reachable = true
  await settle(60_000)
  expect(texts()).toEqual([first.text, second.text])
  expect(server.messages.map((message) => message.client_message_id)).toEqual([first.id, second.id])
  expect(taken().sort()).toEqual([first.id, second.id])
  expect(desk.store.get().delivered).toBe(2)
  // The page was closed before it heard that they are gone.
  await says({ type: 'left', messages: [first] })
  expect(texts()).toHaveLength(2)
  expect(taken()).toHaveLength(3)
})

it('takes nothing that is no message', async () => {
  await open()
  for (const messages of [null, 'x', [{ id: 'x', text: 'Hello', at: 1 }], [{ ...first, text: '' }]])
    await says({ type: 'left', messages })
  expect(texts()).toEqual([])
})
