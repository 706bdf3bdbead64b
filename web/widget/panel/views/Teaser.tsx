// The newest answer as a small card over the page while the chat is closed.

import { useLayoutEffect, useRef } from 'preact/hooks'
import type { WidgetMessage } from 'client/types'
import { usePanel } from '../context'
import { Avatar, Icon } from './parts'

export function Teaser({ message }: { message: WidgetMessage }) {
  const { actions, words } = usePanel()
  const cardRef = useRef<HTMLDivElement>(null)
  const name = message.sender.name || words.t('agent')

  useLayoutEffect(() => {
    actions.teaserHeight(Math.ceil(cardRef.current!.offsetHeight) + 32)
  }, [message.seq, words.locale, actions])

  return (
    <div class="teaser" ref={cardRef}>
      <button type="button" class="teaser-open" onClick={actions.open}>
        <span class="sr">{words.t('openChat')}: </span>
        <Avatar name={name} size="m" />
        <span class="teaser-text">
          <b>{name}</b>
          <span dir="auto">{message.text}</span>
        </span>
      </button>
      <button type="button" class="round small" aria-label={words.t('dismiss')} onClick={actions.dismissTeaser}>
        <Icon name="close" size={16} />
      </button>
    </div>
  )
}
