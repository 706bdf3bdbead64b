// Contacts come from admins, storage and frames: only three kinds of address may ever be followed.
import { describe, expect, it } from 'vitest'
import { contactHref, readContacts, readNotice } from './contacts'

describe('where a contact leads', () => {
  it('is a telephone, a letter or a secure page', () => {
    expect(contactHref({ kind: 'phone', value: ' +44 (0)20 7946-0000 ' })).toBe('tel:+4402079460000')
    expect(contactHref({ kind: 'phone', value: '400 820 1111' })).toBe('tel:4008201111')
    expect(contactHref({ kind: 'email', value: 'help@kiln.test' })).toBe('mailto:help@kiln.test')
    expect(contactHref({ kind: 'link', value: 'https://status.kiln.test/now?x=1' })).toBe(
      'https://status.kiln.test/now?x=1',
    )
  })

  it('is nowhere for anything else', () => {
    const nowhere = [
      ['link', 'javascript:alert(1)'],
      ['link', ' JaVaScRiPt:alert(1)'],
      ['link', 'http://kiln.test'],
      ['link', 'data:text/html,<script>'],
      ['link', 'https://kiln.test@evil.test/'],
      ['link', 'kiln.test'],
      ['phone', 'javascript:1'],
      ['phone', '+44;ext=alert(1)'],
      ['phone', '12'],
      ['email', 'a@b.test?bcc=evil@evil.test'],
      ['email', 'a@b.test,c@d.test'],
      ['email', 'javascript:alert(1)'],
      ['other', 'https://kiln.test'],
    ] as const
    for (const [kind, value] of nowhere) expect(contactHref({ kind, value }), value).toBeNull()
  })
})

describe('reading', () => {
  it('keeps what is whole, six of it, and nothing else', () => {
    const good = { kind: 'phone', label: 'Shop', value: '123' }
    expect(readContacts([good, { kind: 'fax', label: 'x', value: 'y' }, null, 7, { kind: 'link' }])).toEqual([good])
    expect(readContacts(Array.from({ length: 9 }, () => good))).toHaveLength(6)
    for (const bad of [null, undefined, 'x', {}, 7]) expect(readContacts(bad)).toEqual([])
  })

  it('takes anything for a notice, and makes little of most', () => {
    const nothing = { active: false, message: null, contacts: [] }
    for (const bad of [null, undefined, 'x', 7, [], { active: 'yes', message: ' ' }])
      expect(readNotice(bad)).toEqual(nothing)
    expect(readNotice({ active: true, message: 'Flood', contacts: [] })).toEqual({
      ...nothing,
      active: true,
      message: 'Flood',
    })
  })
})
