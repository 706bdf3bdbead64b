// What stands at the end of the thread while one waits: something to look at, and the ways not to wait.

import { useEffect, useState } from 'preact/hooks'
import type { WaitingCard } from 'client/types'
import { usePanel } from '../context'
import { safeLink } from '../links'
import { LeaveCard } from './LeaveCard'
import { Icon } from './parts'

export function WaitingShelf() {
  const { state } = usePanel()
  const { queue, shelf, unreachable } = state
  return queue && !queue.patient && !queue.refused && !unreachable && shelf.length > 0 ? <Shelf cards={shelf} /> : null
}

/** Below the question for an address, which asks the same for as long as nobody is there: who is at it must not lose their words. */
export function WaysOut() {
  const { state } = usePanel()
  const { queue, unreachable, sample, contact } = state
  if (!queue || queue.patient || queue.refused || unreachable || sample) return null
  if (contact.asked && !queue.message_form) return null
  return <LeaveCard key={String(queue.message_form)} asked={queue.message_form} full={queue.full} />
}

function Shelf({ cards }: { cards: WaitingCard[] }) {
  const { words } = usePanel()
  const [at, setAt] = useState(0)
  const card = cards[Math.min(at, cards.length - 1)]!
  const many = cards.length > 1
  const step = (by: number) => setAt((now) => (now + by + cards.length) % cards.length)
  return (
    <li class="card shelf" aria-label={words.t('shelfTitle')}>
      <div class="shelf-head">
        <span>{words.t('shelfTitle')}</span>
        {many && (
          <>
            <span class="shelf-at" aria-live="polite">
              {words.t('shelfAt', { at: at + 1, count: cards.length })}
            </span>
            <button type="button" class="round small" aria-label={words.t('previous')} onClick={() => step(-1)}>
              <Icon name="back" size={17} />
            </button>
            <button type="button" class="round small" aria-label={words.t('next')} onClick={() => step(1)}>
              <Icon name="forward" size={17} />
            </button>
          </>
        )}
      </div>
      <Item key={card.id} card={card} />
    </li>
  )
}

/** What the advertising trade calls viewable (MRC/IAB, 2014): in sight for a second. */
const SEEN_AFTER_MS = 1000

function Item({ card }: { card: WaitingCard }) {
  const { state, actions, words } = usePanel()
  const { open } = state
  const media = safeLink(card.media_url)
  const link = safeLink(card.link_url)
  const clicked = () => actions.counted(card.id, 'click')

  // Rendered in a closed panel or a tab behind others is not seen, nor is what flashes by when somebody is there at once.
  useEffect(() => {
    let timer = 0
    const look = () => {
      clearTimeout(timer)
      if (!open || document.visibilityState !== 'visible') return
      timer = window.setTimeout(() => actions.counted(card.id, 'impression'), SEEN_AFTER_MS)
    }
    look()
    document.addEventListener('visibilitychange', look)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [card.id, open, actions])

  return (
    <article>
      {card.kind === 'video' && media && (
        // The company's own film; captions are in its file, if anywhere.
        // oxlint-disable-next-line jsx-a11y/media-has-caption -- as above
        <video src={media} controls playsInline preload="metadata" aria-label={card.title} onPlay={clicked} />
      )}
      {card.kind !== 'video' && media && <img src={media} alt="" loading="lazy" referrerpolicy="no-referrer" />}
      <h2 dir="auto">{card.title}</h2>
      {card.body && (
        <p class="words" dir="auto">
          {card.body}
        </p>
      )}
      {card.kind === 'coupon' && card.coupon_code && <Coupon code={card.coupon_code} onCopy={clicked} />}
      {link && (
        <a class="follow" href={link} target="_blank" rel="noopener noreferrer" onClick={clicked}>
          {words.t(card.kind === 'article' ? 'shelfRead' : 'shelfOpen')}
          <span class="sr">: {card.title}</span>
          <Icon name="forward" size={15} />
        </a>
      )}
    </article>
  )
}

function Coupon({ code, onCopy }: { code: string; onCopy: () => void }) {
  const { words } = usePanel()
  const [copied, setCopied] = useState(false)

  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 4_000)
    return () => clearTimeout(timer)
  }, [copied])

  async function copy(): Promise<void> {
    onCopy()
    try {
      await navigator.clipboard.writeText(code)
      setCopied(true)
    } catch {
      // A frame is often denied the clipboard; what is selected can still be copied by hand.
      setCopied(copySelected())
    }
  }

  return (
    <div class="coupon">
      <code id="coupon-code">{code}</code>
      <button type="button" class="solid" onClick={() => void copy()}>
        <Icon name={copied ? 'check' : 'copy'} size={16} />
        {words.t(copied ? 'copied' : 'copyCode')}
      </button>
      <span class="sr" role="status">
        {copied ? words.t('copied') : ''}
      </span>
    </div>
  )
}

function copySelected(): boolean {
  const node = document.getElementById('coupon-code')
  const selection = getSelection()
  if (!node || !selection) return false
  selection.selectAllChildren(node)
  return document.execCommand('copy')
}
