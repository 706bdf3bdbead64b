// What stands above everything when the usual way is not the best one: the company's emergency notice, or that the server cannot
// be reached; and where else to turn.

import { useEffect, useState } from 'preact/hooks'
import { contactHref } from '../../shared/contacts'
import { usePanel } from '../context'
import { Icon, Linked } from './parts'

const SIGNS = { phone: 'phone', email: 'mail', link: 'globe', other: 'pin' } as const

export function Notice() {
  const { state, actions, words } = usePanel()
  const { notice } = state
  const [folded, setFolded] = useState(false)
  // Without a network of one's own the fault is not the company's, and the banner says so.
  const away = state.unreachable && !state.offline
  const shown = away || notice.active
  const waiting = state.thread.pending.filter((entry) => entry.state !== 'failed' && entry.state !== 'held').length
  const written = state.thread.pending.at(-1)?.client_message_id
  // News is unfolded; who writes has read it, and now wants to see what is written.
  useEffect(() => setFolded(false), [notice.active, away])
  useEffect(() => {
    if (written && notice.active && !away) setFolded(true)
  }, [written, notice.active, away])

  // What it is about stays in sight, folded or not.
  const foldable = shown && notice.contacts.length > 0
  const open = !foldable || !folded
  return (
    <section class={shown ? 'notice' : ''} aria-label={shown ? words.t('noticeLabel') : undefined}>
      <div role="status">
        {shown && (
          <h2>
            <Icon name={away ? 'cloud' : 'alert'} size={18} />
            {words.t(away ? 'awayTitle' : 'noticeTitle')}
          </h2>
        )}
        {shown && notice.active && (
          <p class="words" dir="auto">
            <Linked text={notice.message ?? words.t('noticeDefault')} />
          </p>
        )}
        {shown && open && <p>{words.t(away ? (waiting > 0 ? 'awayKept' : 'awayText') : 'noticeText')}</p>}
      </div>
      {foldable && (
        <button
          type="button"
          class={folded ? 'fold folded' : 'fold'}
          aria-expanded={!folded}
          aria-label={words.t('otherContacts')}
          onClick={() => setFolded(!folded)}
        >
          <Icon name="down" size={18} />
        </button>
      )}
      {foldable && open && <Contacts />}
      {away && open && (
        <button type="button" class="link" onClick={actions.reload}>
          {words.t('retry')}
        </button>
      )}
    </section>
  )
}

export function Contacts() {
  const { state, words } = usePanel()
  return (
    <ul class="contacts" aria-label={words.t('otherContacts')}>
      {state.notice.contacts.map((contact, i) => {
        const href = contactHref(contact)
        const inside = (
          <>
            <Icon name={SIGNS[contact.kind]} size={18} />
            <span>
              <b dir="auto">{contact.label}</b>
              <span dir="auto">{contact.value.replace(/^https:\/\//, '')}</span>
            </span>
          </>
        )
        const page =
          contact.kind === 'link' ? { target: '_blank', rel: 'noopener noreferrer nofollow' } : { target: '_top' }
        return (
          <li key={i}>
            {href ? (
              <a href={href} {...page}>
                {inside}
              </a>
            ) : (
              <span class="plain">{inside}</span>
            )}
          </li>
        )
      })}
    </ul>
  )
}
