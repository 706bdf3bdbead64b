// The emergency plan while it is being written: rows that may still be wrong, and what of them can be saved.
import type { Emergency, EmergencyContact } from 'client/types'
import { contactHref, MOST_CONTACTS } from '../../widget/shared/contacts'

/** A row keeps its identity while it is moved about, though its texts may equal another's. */
export interface Row extends EmergencyContact {
  key: number
}

export interface PlanDraft {
  message: string
  rows: readonly Row[]
}

export type Fault = 'label_missing' | 'phone_invalid' | 'email_invalid' | 'link_invalid' | 'value_missing'

let keys = 0

export function draftOf(plan: Pick<Emergency, 'message' | 'contacts'>): PlanDraft {
  return { message: plan.message ?? '', rows: plan.contacts.map((contact) => ({ ...contact, key: ++keys })) }
}

export function withRow(draft: PlanDraft, kind: EmergencyContact['kind']): PlanDraft {
  if (draft.rows.length >= MOST_CONTACTS) return draft
  return { ...draft, rows: [...draft.rows, { key: ++keys, kind, label: '', value: '' }] }
}

/** One place up or down; the first is the one visitors see first. */
export function moved(draft: PlanDraft, key: number, by: 1 | -1): PlanDraft {
  const at = draft.rows.findIndex((row) => row.key === key)
  const [row, other] = [draft.rows[at], draft.rows[at + by]]
  if (!row || !other) return draft
  const rows = [...draft.rows]
  rows[at] = other
  rows[at + by] = row
  return { ...draft, rows }
}

/** What is sent: trimmed, and with the scheme that people leave out. */
export function bodyOf(draft: PlanDraft): Pick<Emergency, 'message' | 'contacts'> {
  return {
    message: draft.message.trim() || null,
    contacts: draft.rows.map(({ kind, label, value }) => {
      const text = value.trim()
      const bare = kind === 'link' && text !== '' && !/^[a-z][a-z0-9+.-]*:/i.test(text)
      return { kind, label: label.trim(), value: bare ? `https://${text}` : text }
    }),
  }
}

/** What is wrong with a row, by field; nothing when it can be saved. */
export function faultsOf(row: Pick<Row, 'kind' | 'label' | 'value'>): { label?: Fault; value?: Fault } {
  const [contact] = bodyOf({ message: '', rows: [{ key: 0, ...row }] }).contacts
  if (!contact) return {}
  const faults: { label?: Fault; value?: Fault } = {}
  if (contact.label === '') faults.label = 'label_missing'
  if (contact.value === '') faults.value = 'value_missing'
  else if (contact.kind !== 'other' && contactHref(contact) === null) faults.value = `${contact.kind}_invalid`
  return faults
}

export function isWhole(draft: PlanDraft): boolean {
  return draft.rows.every((row) => Object.keys(faultsOf(row)).length === 0)
}

export function isChanged(plan: Pick<Emergency, 'message' | 'contacts'>, draft: PlanDraft): boolean {
  return JSON.stringify(bodyOf(draft)) !== JSON.stringify(bodyOf(draftOf(plan)))
}
