// The open-redirect guard of ?next=.
import { describe, expect, it } from 'vitest'
import { loginUrl, safeNext } from './session'

describe('safeNext', () => {
  it('goes to our own pages', () => {
    expect(safeNext('/console/conversations/conv_01?a=b#c')).toBe('/console/conversations/conv_01?a=b#c')
    expect(safeNext('/portal')).toBe('/portal')
  })

  it('refuses every other place', () => {
    for (const evil of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '', null]) {
      expect(safeNext(evil)).toBe('/console')
    }
    expect(safeNext('/\t/evil.example')).toBe('/console')
  })

  it('does not loop through the login page', () => {
    expect(safeNext('/login?next=/login')).toBe('/console')
  })
})

describe('loginUrl', () => {
  it('remembers the whole address', () => {
    const url = loginUrl({ pathname: '/console', search: '?view=mine', hash: '#x' })
    expect(new URLSearchParams(url.split('?')[1]).get('next')).toBe('/console?view=mine#x')
  })
})
