// The ways not to wait: leave a message, be called back, be answered by e-mail. Unfolded by itself where the wait got too long.

import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiProblem, uuid } from 'client/http'
import { usePanel } from '../context'
import type { LeaveKind } from '../waiting'
import { Icon } from './parts'

const WAYS = [
  { kind: 'message', icon: 'pen', word: 'leaveMessage' },
  { kind: 'callback', icon: 'phone', word: 'leaveCall' },
  { kind: 'email', icon: 'mail', word: 'leaveMail' },
] as const

export function LeaveCard({ asked, full }: { asked: boolean; full: boolean }) {
  const { words } = usePanel()
  const [kind, setKind] = useState<LeaveKind | null>(asked ? 'message' : null)
  const cardRef = useRef<HTMLLIElement>(null)
  const cameFrom = useRef<LeaveKind | null>(null)

  // The keyboard follows what the visitor opened, and comes back to where it was; what opens by itself takes nothing.
  useEffect(() => {
    const card = cardRef.current
    if (cameFrom.current === null || !card) return
    if (kind) card.querySelector<HTMLElement>('input, textarea')?.focus()
    else card.querySelector<HTMLElement>(`[data-way=${cameFrom.current}]`)?.focus()
  }, [kind])

  function choose(next: LeaveKind | null): void {
    cameFrom.current = next ?? kind
    setKind(next)
  }

  return (
    <li class={kind || asked ? 'card leave' : 'leave'} ref={cardRef}>
      <b>{words.t(full ? 'formInstead' : asked ? 'formTitle' : 'leaveTitle')}</b>
      {asked && !full && <p>{words.t('formText')}</p>}
      {kind ? (
        <Form kind={kind} onBack={() => choose(null)} />
      ) : (
        <div class="ways">
          {WAYS.map((way) => (
            <button key={way.kind} type="button" data-way={way.kind} onClick={() => choose(way.kind)}>
              <Icon name={way.icon} size={18} />
              {words.t(way.word)}
            </button>
          ))}
        </div>
      )}
    </li>
  )
}

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

function Form({ kind, onBack }: { kind: LeaveKind; onBack: () => void }) {
  const { actions, words } = usePanel()
  const [email, setEmail] = useState('')
  const [phone, setPhone] = useState('')
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<{ field: 'email' | 'phone' | 'text' | null; text: string } | null>(null)
  const [busy, setBusy] = useState(false)
  // What was tried may have been written though its answer was lost: the same words keep their id.
  const triedRef = useRef({ said: '', id: uuid() })
  const wrong = (field: 'email' | 'phone' | 'text') => problem?.field === field

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (busy) return
    const address = email.trim()
    const number = phone.trim()
    const said = text.trim()
    if (kind === 'callback' && number.replace(/\D/g, '').length < 5)
      return setProblem({ field: 'phone', text: words.t('phoneInvalid') })
    if (kind === 'email' || address) {
      if (!EMAIL.test(address)) return setProblem({ field: 'email', text: words.t('emailInvalid') })
    }
    if (kind === 'message' && !said) return setProblem({ field: 'text', text: words.t('textMissing') })
    setBusy(true)
    if (triedRef.current.said !== said) triedRef.current = { said, id: uuid() }
    try {
      await actions.leave({
        client_message_id: triedRef.current.id,
        kind,
        email: address || undefined,
        phone: number || undefined,
        text: said || undefined,
      })
    } catch (error) {
      setBusy(false)
      const named =
        error instanceof ApiProblem ? (['email', 'phone', 'text'] as const).find((field) => error.field(field)) : null
      setProblem({
        field: named ?? null,
        text: words.t(named === 'email' ? 'emailInvalid' : named === 'phone' ? 'phoneInvalid' : 'saveFailed'),
      })
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      {kind === 'callback' && (
        <label class="labelled">
          {words.t('phone')}
          <input
            type="tel"
            autocomplete="tel"
            maxLength={40}
            value={phone}
            aria-invalid={wrong('phone')}
            onInput={(event) => {
              setPhone(event.currentTarget.value)
              setProblem(null)
            }}
          />
        </label>
      )}
      {kind !== 'callback' && (
        <label class="labelled">
          {words.t(kind === 'email' ? 'email' : 'emailOptional')}
          <input
            type="email"
            autocomplete="email"
            maxLength={254}
            value={email}
            aria-invalid={wrong('email')}
            onInput={(event) => {
              setEmail(event.currentTarget.value)
              setProblem(null)
            }}
          />
        </label>
      )}
      <label class="labelled">
        {words.t(kind === 'message' ? 'leaveText' : 'leaveTextOptional')}
        <textarea
          rows={3}
          dir="auto"
          maxLength={2000}
          value={text}
          aria-invalid={wrong('text')}
          onInput={(event) => {
            setText(event.currentTarget.value)
            setProblem(null)
          }}
        />
      </label>
      {problem && (
        <p class="bad" role="alert">
          {problem.text}
        </p>
      )}
      <div class="buttons">
        <button type="button" class="quiet" onClick={onBack}>
          {words.t('back')}
        </button>
        <button type="submit" class="solid" aria-disabled={busy}>
          {words.t(busy ? 'saving' : 'leaveSend')}
        </button>
      </div>
    </form>
  )
}
