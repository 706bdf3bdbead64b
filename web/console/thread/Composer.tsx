// Where one writes: a reply or a private note. Never locked: what cannot be sent now waits in the outbox and goes by itself.
import { ActionIcon, Anchor, Textarea, Tooltip } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconLock, IconMessage, IconSend2 } from '@tabler/icons-react'
import { useEffect, useImperativeHandle, useRef, useState, type KeyboardEvent, type Ref } from 'react'
import { useTranslation } from 'react-i18next'
import type { Conversation } from 'client/types'
import { useDesk, useDeskState } from '../data/context'
import { contactName } from '../data/conversations'
import { cameByPointer } from '../shell/modality'
import css from './Composer.module.css'
import { keepDraft, readDraft, type DraftKind } from './drafts'

export const LONGEST_TEXT = 10_000
/** The count of characters is shown only when it begins to matter. */
const COUNT_FROM = 9_000

export interface ComposerHandle {
  focus: (kind: DraftKind) => void
}

export function Composer({
  conversation,
  onReopen,
  ref,
}: {
  conversation: Conversation
  onReopen: () => void
  ref?: Ref<ComposerHandle>
}) {
  const { t } = useTranslation()
  const desk = useDesk()
  const { id, status, contact } = conversation
  const touch = useMediaQuery('(hover: none)', undefined, { getInitialValueInEffect: false }) ?? false
  const [kind, setKind] = useState<DraftKind>(() =>
    !readDraft(id, 'reply') && readDraft(id, 'note') ? 'note' : 'reply',
  )
  const [texts, setTexts] = useState(() => ({ reply: readDraft(id, 'reply'), note: readDraft(id, 'note') }))
  const field = useRef<HTMLTextAreaElement>(null)
  const connected = useDeskState((state) => state.connection === 'online' || state.connection === 'connecting')
  const text = texts[kind]
  const length = [...text].length
  const tooLong = length > LONGEST_TEXT
  const sendable = text.trim() !== '' && !tooLong

  useImperativeHandle(ref, () => ({
    focus(wanted) {
      setKind(wanted)
      field.current?.focus()
    },
  }))

  // Typing must not go on for ever in the visitor's eyes because this conversation was left.
  useEffect(() => () => desk.typing(id, false), [desk, id])

  // On a phone the keyboard would cover the conversation that was just opened.
  useEffect(() => {
    if (cameByPointer() && matchMedia('(hover: hover)').matches) field.current?.focus({ preventScroll: true })
  }, [])

  function change(next: string): void {
    setTexts((all) => ({ ...all, [kind]: next }))
    keepDraft(id, kind, next)
    if (kind === 'reply') desk.typing(id, next.trim() !== '')
  }

  function send(): void {
    if (!sendable) return
    desk.send(id, text.trim(), kind === 'note')
    change('')
    field.current?.focus()
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    // Enter that ends a Chinese or Japanese composition chooses a word; it does not send. Safari says so only by 229.
    const composing = event.nativeEvent.isComposing || event.keyCode === 229
    // An on-screen keyboard has no Shift+Enter, so there Enter begins a line and the button sends.
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey && !composing && !touch) {
      event.preventDefault()
      send()
    }
    if (event.key === 'Escape' && !composing) field.current?.blur()
  }

  // What only the team sees, while a colleague talks with the visitor, is said to that colleague.
  const whispers =
    status === 'open' && conversation.assignee_id !== null && conversation.assignee_id !== desk.me.agent.id
  const name = contactName(contact)
  const placeholder =
    kind === 'note'
      ? whispers
        ? t('composer.whisper_placeholder', { name: conversation.assignee_name ?? '' })
        : t('composer.note_placeholder')
      : name
        ? t('composer.reply_to', { name })
        : t('composer.reply_placeholder')

  const deed = t(kind === 'reply' ? 'composer.send' : whispers ? 'composer.add_whisper' : 'composer.add_note')

  return (
    <div className={css.root}>
      {status !== 'open' && kind === 'reply' && (status === 'resolved' || status === 'snoozed') && (
        <div className={css.notice}>
          {t(`composer.${status}`)}{' '}
          <Anchor component="button" fz="inherit" onClick={onReopen}>
            {t(status === 'resolved' ? 'action.reopen' : 'snooze.wake')}
          </Anchor>
        </div>
      )}
      <div className={css.box} data-note={kind === 'note' || undefined}>
        <div className={css.tabs} role="tablist" aria-label={t('composer.kind')}>
          <Tab
            kind="reply"
            chosen={kind}
            onChoose={setKind}
            label={t('composer.reply')}
            hint="R"
            icon={<IconMessage size={14} />}
          />
          <Tab
            kind="note"
            chosen={kind}
            onChoose={setKind}
            label={t(whispers ? 'composer.whisper' : 'composer.note')}
            hint="N"
            icon={<IconLock size={14} />}
          />
        </div>
        <div role="tabpanel" id="composer-panel" aria-labelledby={`composer-${kind}`}>
          <Textarea
            ref={field}
            variant="unstyled"
            autosize
            minRows={touch ? 1 : 2}
            maxRows={12}
            value={text}
            onChange={(event) => change(event.currentTarget.value)}
            onKeyDown={onKeyDown}
            placeholder={placeholder}
            aria-label={placeholder}
            aria-invalid={tooLong}
            classNames={{ input: css.input ?? '' }}
          />
        </div>
        <div className={css.foot}>
          <span className={css.hint} data-strong={!connected || undefined} aria-live="polite">
            {connected ? !touch && t('composer.hint') : t('composer.queued')}
          </span>
          {length > COUNT_FROM && (
            <span className={css.length} data-over={tooLong || undefined}>
              {length}/{LONGEST_TEXT}
            </span>
          )}
          <Tooltip label={deed}>
            <ActionIcon
              size={32}
              variant="filled"
              color={kind === 'note' ? 'amber.7' : 'ink'}
              radius="md"
              onClick={send}
              // Not `disabled`: a screen reader should still find the button and hear what it is for.
              aria-disabled={!sendable}
              data-disabled={!sendable || undefined}
              aria-label={deed}
            >
              <IconSend2 size={17} />
            </ActionIcon>
          </Tooltip>
        </div>
      </div>
    </div>
  )
}

function Tab(props: {
  kind: DraftKind
  chosen: DraftKind
  onChoose: (kind: DraftKind) => void
  label: string
  hint: string
  icon: React.ReactNode
}) {
  const { kind, chosen, onChoose } = props
  return (
    <button
      type="button"
      role="tab"
      id={`composer-${kind}`}
      aria-selected={kind === chosen}
      aria-controls="composer-panel"
      aria-keyshortcuts={props.hint}
      tabIndex={kind === chosen ? 0 : -1}
      className={css.tab}
      onClick={() => onChoose(kind)}
      onKeyDown={(event) => {
        if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
        const other = kind === 'reply' ? 'note' : 'reply'
        onChoose(other)
        document.getElementById(`composer-${other}`)?.focus()
      }}
    >
      {props.icon}
      {props.label}
    </button>
  )
}
