// A token counts once, a function is asked each time, and nothing is handed over for who has signed out.
import { describe, expect, it, vi } from 'vitest'
import { createVouching } from './vouching'

function stage() {
  const given: (string | null)[] = []
  const told: string[] = []
  const vouching = createVouching(
    (token) => given.push(token),
    (code) => told.push(code),
  )
  return { vouching, given, told }
}

const soon = () => new Promise((done) => setTimeout(done))

describe('vouching', () => {
  it('hands a token over once, and asks a function each time', async () => {
    const { vouching, given, told } = stage()
    vouching.by('one')
    vouching.offer()
    await soon()
    vouching.offer()
    await soon()
    expect(given).toEqual(['one', null])
    expect(told).toEqual(['identity_unavailable'])

    let count = 0
    vouching.by(async () => `fetched ${++count}`)
    vouching.offer()
    await soon()
    vouching.offer()
    await soon()
    expect(given.slice(2)).toEqual(['fetched 1', 'fetched 2'])
  })

  it('says so when the page fails, and hands nothing over for who has signed out meanwhile', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const { vouching, given, told } = stage()
    vouching.by(() => Promise.reject(new Error('the shop is closed')))
    vouching.offer()
    await soon()
    expect([given, told]).toEqual([[null], ['identity_unavailable']])

    let answer: (token: string) => void = () => undefined
    vouching.by(() => new Promise<string>((done) => (answer = done)))
    vouching.offer()
    vouching.by(null)
    answer('too late')
    await soon()
    expect(given).toEqual([null])
    expect(vouching.promised()).toBe(false)
  })
})
