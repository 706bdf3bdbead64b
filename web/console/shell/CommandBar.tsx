// Jump to any conversation or do anything, from the keyboard.
import { Loader, Modal } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Contact, Page } from 'client/types'
import { RelativeTime } from 'ui/RelativeTime'
import { http } from 'ui/session'
import css from './CommandBar.module.css'
import { useCommands, type Command } from './useCommands'

export function CommandBar(props: {
  opened: boolean
  onClose: () => void
  conversationId: string | undefined
  onHelp: () => void
}) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      withCloseButton={false}
      padding={0}
      size={600}
      yOffset="12vh"
      title={t('command.title')}
      classNames={{ header: 'fd-sr' }}
      // Mounted only while open: each opening starts with an empty field and the first choice.
      keepMounted={false}
    >
      <Bar {...props} />
    </Modal>
  )
}

function Bar({
  onClose,
  conversationId,
  onHelp,
}: {
  onClose: () => void
  conversationId: string | undefined
  onHelp: () => void
}) {
  const { t } = useTranslation()
  const id = useId()
  const [query, setQuery] = useState('')
  const [at, setAt] = useState(0)
  const [asked] = useDebouncedValue(query.trim(), 200)
  const list = useRef<HTMLDivElement>(null)
  const field = useRef<HTMLInputElement>(null)

  // The dialog moves the focus a moment after it opens; the letters typed meanwhile belong here.
  useLayoutEffect(() => field.current?.focus(), [])

  const contacts = useQuery({
    queryKey: ['contacts-search', asked],
    queryFn: ({ signal }) => http.get<Page<Contact>>('/v1/contacts', { query: asked, limit: 6 }, { signal }),
    enabled: asked.length > 1,
    staleTime: 15_000,
  })
  const commands = useCommands({ query, contacts: contacts.data?.data ?? [], conversationId, onHelp })
  const chosen = Math.min(at, commands.length - 1)

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [chosen])

  function run(command: Command | undefined): void {
    if (!command) return
    onClose()
    // After the dialog gave the focus back, or it would take it from what the command opens.
    setTimeout(command.run, 0)
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step) {
      event.preventDefault()
      setAt((chosen + step + commands.length) % Math.max(1, commands.length))
    } else if (event.key === 'Enter') {
      event.preventDefault()
      run(commands[chosen])
    }
  }

  return (
    <>
      <div className={css.search}>
        <IconSearch size={18} aria-hidden />
        <input
          ref={field}
          data-autofocus
          value={query}
          onChange={(event) => {
            setQuery(event.currentTarget.value)
            setAt(0)
          }}
          onKeyDown={onKeyDown}
          placeholder={t('command.placeholder')}
          role="combobox"
          aria-expanded
          aria-controls={`${id}-list`}
          aria-activedescendant={commands[chosen] ? `${id}-${commands[chosen].id}` : undefined}
          aria-label={t('command.placeholder')}
          autoComplete="off"
          spellCheck={false}
        />
        {contacts.isFetching && <Loader size={16} />}
      </div>
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label={t('command.title')}
        className={`${css.list} fd-scroll`}
      >
        {commands.map((command, index) => (
          <div key={command.id}>
            {command.section !== commands[index - 1]?.section && (
              <div className={css.section} role="presentation">
                {t(`command.${command.section}`)}
              </div>
            )}
            {/* The input keeps the focus and speaks for the options, as a combobox does. */}
            {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus */}
            <div
              id={`${id}-${command.id}`}
              role="option"
              aria-selected={index === chosen}
              className={css.option}
              onClick={() => run(command)}
              onPointerMove={() => setAt(index)}
            >
              <span className={css.icon} aria-hidden>
                {command.icon}
              </span>
              <span className="fd-truncate">{command.label}</span>
              {command.detail && <span className={`${css.detail} fd-truncate`}>{command.detail}</span>}
              {command.at && <RelativeTime at={command.at} className={css.time} />}
            </div>
          </div>
        ))}
        {commands.length === 0 && (
          <p className={css.none}>{t(contacts.isFetching ? 'common.loading' : 'command.none')}</p>
        )}
      </div>
    </>
  )
}
