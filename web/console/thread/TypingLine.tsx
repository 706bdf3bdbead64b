// Somebody is writing: the visitor, or another agent at the same conversation.
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { useDeskState } from '../data/context'
import css from './TypingLine.module.css'

export function TypingLine({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const typists = useDeskState(useCallback((state) => state.typists.get(conversationId), [conversationId]))
  const who = typists?.find((typist) => typist.kind === 'contact') ?? typists?.[0]
  return (
    <div className={css.root} aria-live="polite">
      {who && (
        <span className={css.line}>
          <span className={css.dots} aria-hidden>
            <i />
            <i />
            <i />
          </span>
          {who.name ? t('thread.typing', { name: who.name }) : t('thread.typing_visitor')}
        </span>
      )}
    </div>
  )
}
