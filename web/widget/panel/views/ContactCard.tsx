// While nobody is there to answer, asks how to reach the visitor later. Never in the way: it can be skipped for good.

import { useState } from 'preact/hooks'
import { ApiProblem } from 'client/http'
import { usePanel } from '../context'

export function ContactCard() {
  const { state, actions, words } = usePanel()
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [problem, setProblem] = useState('')
  const [saving, setSaving] = useState(false)

  if (state.contact.email) {
    return (
      <li class="note">
        <span role="status">{words.t('contactSaved', { email: state.contact.email })}</span>
      </li>
    )
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    const address = email.trim()
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address)) return setProblem(words.t('emailInvalid'))
    setSaving(true)
    try {
      await actions.leaveContact({ email: address, name: name.trim() || undefined })
    } catch (error) {
      const invalid = error instanceof ApiProblem && error.field('email')
      setProblem(words.t(invalid ? 'emailInvalid' : 'saveFailed'))
      setSaving(false)
    }
  }

  return (
    <li class="card">
      <form onSubmit={(event) => void submit(event)} noValidate>
        <b>{words.t('contactTitle')}</b>
        <p>{words.t('contactText')}</p>
        <label class="labelled">
          {words.t('email')}
          <input
            type="email"
            autocomplete="email"
            value={email}
            aria-invalid={problem !== ''}
            onInput={(event) => {
              setEmail(event.currentTarget.value)
              setProblem('')
            }}
          />
        </label>
        <label class="labelled">
          {words.t('name')}
          <input
            autocomplete="name"
            maxLength={120}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {problem && (
          <p class="bad" role="alert">
            {problem}
          </p>
        )}
        <div class="buttons">
          <button type="button" class="quiet" onClick={actions.skipContact}>
            {words.t('skip')}
          </button>
          <button type="submit" class="solid" aria-disabled={saving}>
            {words.t(saving ? 'saving' : 'save')}
          </button>
        </div>
      </form>
    </li>
  )
}
