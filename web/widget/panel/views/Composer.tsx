// Where the visitor writes. Enter sends on keyboards, never while an input method is composing.

import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { usePanel } from '../context'
import { Icon } from './parts'

const LIMIT = 10_000
const COUNT_FROM = 9_500

export function Composer() {
  const { state, actions, words } = usePanel()
  const { draft, focusRequest, full } = state
  const fieldRef = useRef<HTMLTextAreaElement>(null)
  const before = useRef(focusRequest)
  // Code points, as the server counts, so that an emoji is one.
  const over = [...draft.trim()].length - LIMIT
  const sendable = draft.trim() !== '' && over <= 0

  useLayoutEffect(() => {
    const area = fieldRef.current!
    area.style.height = '0'
    area.style.height = `${Math.min(area.scrollHeight, 140)}px`
  }, [draft, full])

  useEffect(() => {
    // On a phone the keyboard would cover what the visitor came to read.
    if (focusRequest === 0 || matchMedia('(pointer: coarse)').matches) return
    // Back in the place of a closed door: nobody has asked anew, and the keyboard may be on the page by now.
    if (focusRequest === before.current && !document.hasFocus()) return
    const area = fieldRef.current!
    area.focus({ preventScroll: true })
    area.setSelectionRange(area.value.length, area.value.length)
  }, [focusRequest])

  function send(): void {
    if (!sendable) return
    actions.send(draft.trim())
    fieldRef.current?.focus()
  }

  function onKeyDown(event: KeyboardEvent): void {
    // keyCode 229: Safari ends the composition before this event, and would send half a word.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
    if (matchMedia('(pointer: coarse)').matches && !event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    send()
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <div class="field">
        <textarea
          ref={fieldRef}
          rows={1}
          dir="auto"
          value={draft}
          placeholder={words.t('placeholder')}
          aria-label={words.t('composer')}
          aria-describedby="composer-hint"
          aria-invalid={over > 0}
          onInput={(event) => {
            actions.setDraft(event.currentTarget.value)
            actions.typing(event.currentTarget.value.trim() !== '')
          }}
          onKeyDown={onKeyDown}
          onBlur={() => actions.typing(false)}
        />
        <button type="submit" class="send" disabled={!sendable} aria-label={words.t('send')}>
          <Icon name="send" size={20} />
        </button>
      </div>
      <span id="composer-hint" class="sr">
        {words.t('hintEnter')}
      </span>
      {over > COUNT_FROM - LIMIT && (
        <span class={over > 0 ? 'counter bad' : 'counter'} role="status">
          {over > 0 ? words.t('tooLong', { count: over }) : words.t('charactersLeft', { count: -over })}
        </span>
      )}
    </form>
  )
}
