// To whom the conversation belongs, and how to change that.
import { Button, Combobox, ScrollArea, Tooltip, useCombobox } from '@mantine/core'
import { IconCheck, IconUserMinus, IconUserPlus } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Conversation } from 'client/types'
import { PRESENCE_RANK } from 'ui/person'
import { PersonAvatar } from 'ui/PersonAvatar'
import { useMe } from 'ui/session'
import { useAgents } from '../data/context'
import css from './AssignMenu.module.css'

const NOBODY = 'nobody'

export function AssignMenu(props: {
  conversation: Conversation
  onAssign: (agentId: string | null) => void
  opened: boolean
  onChange: (open: boolean) => void
  compact: boolean
}) {
  const { t } = useTranslation()
  const me = useMe().agent.id
  const agents = useAgents()
  const { assignee_id: assigneeId, assignee_name: assigneeName } = props.conversation
  const [query, setQuery] = useState('')
  const combobox = useCombobox({ opened: props.opened, onDropdownClose: () => setQuery('') })

  useEffect(() => {
    if (props.opened) combobox.focusSearchInput()
    // oxlint-disable-next-line react/exhaustive-deps -- the combobox is a new object on every render
  }, [props.opened])
  useEffect(() => {
    if (props.opened) combobox.selectFirstOption()
    // oxlint-disable-next-line react/exhaustive-deps -- as above
  }, [props.opened, query])

  const wanted = query.trim().toLowerCase()
  const found = agents
    .filter((agent) => !agent.disabled_at && `${agent.name} ${agent.email}`.toLowerCase().includes(wanted))
    .sort((a, b) =>
      a.id === me
        ? -1
        : b.id === me
          ? 1
          : PRESENCE_RANK[a.availability] - PRESENCE_RANK[b.availability] || a.name.localeCompare(b.name),
    )
  const label = assigneeId ? (assigneeId === me ? t('assign.me') : assigneeName) : t('assign.nobody')

  return (
    <Combobox
      store={combobox}
      width={264}
      position="bottom-end"
      shadow="lg"
      radius="md"
      keepMounted={false}
      onClose={() => props.onChange(false)}
      onOptionSubmit={(id) => {
        props.onAssign(id === NOBODY ? null : id)
        props.onChange(false)
      }}
    >
      <Combobox.Target withAriaAttributes={false}>
        <Tooltip label={`${t('assign.title')}  A`} disabled={props.opened}>
          <Button
            size="xs"
            variant="default"
            className={css.button ?? ''}
            onClick={() => props.onChange(!props.opened)}
            aria-haspopup="listbox"
            aria-expanded={props.opened}
            leftSection={
              assigneeId ? (
                <PersonAvatar name={assigneeName} seed={assigneeId} size={18} />
              ) : (
                <IconUserPlus size={16} stroke={1.7} />
              )
            }
            data-compact={props.compact || undefined}
          >
            {assigneeId && <span className="fd-sr">{t('assign.to')}</span>}
            <span className={props.compact ? 'fd-sr' : 'fd-truncate'}>{label}</span>
          </Button>
        </Tooltip>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
          placeholder={t('assign.search')}
          aria-label={t('assign.search')}
        />
        <Combobox.Options aria-label={t('assign.title')}>
          <ScrollArea.Autosize mah={280} type="auto">
            {found.map((agent) => (
              <Combobox.Option key={agent.id} value={agent.id} active={agent.id === assigneeId}>
                <span className={css.option}>
                  <PersonAvatar name={agent.name} seed={agent.id} size={24} availability={agent.availability} />
                  <span className="fd-truncate">
                    {agent.name}
                    {agent.id === me && <span className={css.you}> {t('assign.you')}</span>}
                  </span>
                  <span className={css.load} title={t('assign.load')}>
                    {agent.open_conversations}/{agent.capacity}
                  </span>
                  <IconCheck
                    size={15}
                    style={{ visibility: agent.id === assigneeId ? 'visible' : 'hidden' }}
                    aria-hidden
                  />
                </span>
              </Combobox.Option>
            ))}
            {found.length === 0 && <Combobox.Empty>{t('assign.none_found')}</Combobox.Empty>}
            {assigneeId && !wanted && (
              <Combobox.Option value={NOBODY}>
                <span className={css.option}>
                  <IconUserMinus size={16} className={css.faint} />
                  {t('assign.unassign')}
                </span>
              </Combobox.Option>
            )}
          </ScrollArea.Autosize>
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}
