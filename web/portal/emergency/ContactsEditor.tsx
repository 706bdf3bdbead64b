// The other ways to reach the company, up to six, in the order in which visitors read them.
import { ActionIcon, Button, Group, Select, TextInput } from '@mantine/core'
import { IconAddressBook, IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EmergencyContact } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { MOST_CONTACTS } from '../../widget/shared/contacts'
import css from './Emergency.module.css'
import { faultsOf, moved, withRow, type PlanDraft, type Row } from './plan'

const KINDS = ['phone', 'email', 'link', 'other'] as const
const INPUT_MODES = { phone: 'tel', email: 'email', link: 'url', other: 'text' } as const

export function ContactsEditor(props: {
  draft: PlanDraft
  /** Faults are named once somebody tried to save, not while they are still writing. */
  checked: boolean
  /** What the server refused, by path. */
  errors: Record<string, string>
  onChange: (draft: PlanDraft) => void
}) {
  const { t } = useTranslation()
  const { draft, onChange } = props
  const list = useRef<HTMLOListElement>(null)
  const [added, setAdded] = useState(0)

  useEffect(() => {
    if (added > 0) list.current?.querySelector<HTMLElement>(':scope > li:last-child input[data-label]')?.focus()
  }, [added])

  function add(kind: EmergencyContact['kind']): void {
    onChange(withRow(draft, kind))
    setAdded(added + 1)
  }

  function change(key: number, part: Partial<Row>): void {
    onChange({ ...draft, rows: draft.rows.map((row) => (row.key === key ? { ...row, ...part } : row)) })
  }

  const full = draft.rows.length >= MOST_CONTACTS
  return (
    <div>
      {draft.rows.length === 0 && (
        <EmptyState
          compact
          icon={<IconAddressBook />}
          title={t('emergency.no_contacts')}
          text={t('emergency.no_contacts_text')}
        />
      )}
      <ol className={css.rows} ref={list} aria-label={t('emergency.contacts')}>
        {draft.rows.map((row, at) => {
          const faults = props.checked ? faultsOf(row) : {}
          const name = row.label.trim() || t(`emergency.kind.${row.kind}`)
          const wrong = (field: 'label' | 'value') =>
            (faults[field] && t(`emergency.fault.${faults[field]}`)) || props.errors[`contacts.${at}.${field}`]
          return (
            <li key={row.key} className={css.row}>
              <Select
                aria-label={t('emergency.kind_of', { name })}
                allowDeselect={false}
                comboboxProps={{ width: 180, position: 'bottom-start' }}
                value={row.kind}
                onChange={(kind) => kind && change(row.key, { kind: kind as Row['kind'] })}
                data={KINDS.map((kind) => ({ value: kind, label: t(`emergency.kind.${kind}`) }))}
              />
              <TextInput
                data-label
                aria-label={t('emergency.label')}
                placeholder={t(`emergency.label_example.${row.kind}`)}
                maxLength={60}
                value={row.label}
                error={wrong('label')}
                onChange={(event) => change(row.key, { label: event.currentTarget.value })}
              />
              <TextInput
                aria-label={t(`emergency.kind.${row.kind}`)}
                placeholder={t(`emergency.value_example.${row.kind}`)}
                inputMode={INPUT_MODES[row.kind]}
                maxLength={200}
                value={row.value}
                error={wrong('value')}
                onChange={(event) => change(row.key, { value: event.currentTarget.value })}
              />
              <Group gap={2} wrap="nowrap" className={css.tools ?? ''}>
                <ActionIcon
                  aria-label={t('emergency.up', { name })}
                  disabled={at === 0}
                  onClick={() => onChange(moved(draft, row.key, -1))}
                >
                  <IconArrowUp size={16} />
                </ActionIcon>
                <ActionIcon
                  aria-label={t('emergency.down', { name })}
                  disabled={at === draft.rows.length - 1}
                  onClick={() => onChange(moved(draft, row.key, 1))}
                >
                  <IconArrowDown size={16} />
                </ActionIcon>
                <ActionIcon
                  aria-label={t('emergency.remove', { name })}
                  onClick={() => onChange({ ...draft, rows: draft.rows.filter((each) => each.key !== row.key) })}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </Group>
            </li>
          )
        })}
      </ol>
      <div className={css.add}>
        {full ? (
          <span className={css.full}>{t('emergency.full', { count: MOST_CONTACTS })}</span>
        ) : (
          KINDS.map((kind) => (
            <Button
              key={kind}
              size="compact-sm"
              variant="default"
              leftSection={<IconPlus size={14} />}
              onClick={() => add(kind)}
            >
              {t(`emergency.kind.${kind}`)}
            </Button>
          ))
        )}
      </div>
    </div>
  )
}
