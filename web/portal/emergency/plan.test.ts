// What admins type becomes what visitors may follow, or is refused before it is saved.
import { describe, expect, it } from 'vitest'
import { bodyOf, draftOf, faultsOf, isChanged, isWhole, moved, withRow } from './plan'

const plan = {
  message: 'Our line is down.',
  contacts: [
    { kind: 'phone' as const, label: 'Shop', value: '+44 20 7946 0000' },
    { kind: 'other' as const, label: 'In person', value: '4 Kiln Lane' },
  ],
}

describe('a plan being written', () => {
  it('is the same plan until something is changed', () => {
    const draft = draftOf(plan)
    expect(isChanged(plan, draft)).toBe(false)
    expect(isChanged(plan, { ...draft, message: ' Our line is down. ' })).toBe(false)
    expect(isChanged(plan, moved(draft, draft.rows[0]!.key, 1))).toBe(true)
    expect(isChanged(plan, withRow(draft, 'email'))).toBe(true)
    expect(bodyOf({ ...draft, message: '  ' }).message).toBeNull()
  })

  it('takes six contacts, and moves them within the list only', () => {
    let draft = draftOf(plan)
    for (let i = 0; i < 9; i++) draft = withRow(draft, 'link')
    expect(draft.rows).toHaveLength(6)
    expect(new Set(draft.rows.map((row) => row.key)).size).toBe(6)
    expect(moved(draft, draft.rows[0]!.key, -1)).toBe(draft)
    expect(moved(draft, draft.rows[5]!.key, 1)).toBe(draft)
    expect(moved(draft, draft.rows[1]!.key, -1).rows[0]!.label).toBe('In person')
  })

  it('adds the scheme that people leave out, and no other', () => {
    const [link] = bodyOf({
      message: '',
      rows: [{ key: 1, kind: 'link', label: 'a', value: 'kiln.test/help' }],
    }).contacts
    expect(link?.value).toBe('https://kiln.test/help')
    expect(faultsOf({ kind: 'link', label: 'a', value: 'kiln.test/help' })).toEqual({})
    expect(faultsOf({ kind: 'link', label: 'a', value: 'http://kiln.test' }).value).toBe('link_invalid')
    expect(faultsOf({ kind: 'link', label: 'a', value: 'javascript:alert(1)' }).value).toBe('link_invalid')
  })

  it('names what is missing or wrong', () => {
    expect(faultsOf({ kind: 'phone', label: ' ', value: '' })).toEqual({
      label: 'label_missing',
      value: 'value_missing',
    })
    expect(faultsOf({ kind: 'phone', label: 'a', value: 'call us' }).value).toBe('phone_invalid')
    expect(faultsOf({ kind: 'email', label: 'a', value: 'a@b' }).value).toBe('email_invalid')
    expect(faultsOf({ kind: 'other', label: 'a', value: 'anything: at all' })).toEqual({})
    expect(isWhole(draftOf(plan))).toBe(true)
    expect(isWhole(withRow(draftOf(plan), 'phone'))).toBe(false)
  })
})
