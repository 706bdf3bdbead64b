// What is offered where not even the frame can be had: a few words, which are sent once it can.

import { LONGEST_LEFT } from '../shared/left'
import { el } from './dom'
import type { LoaderText } from './text'

export interface Leaving {
  readonly form: HTMLElement
  speak(text: LoaderText): void
  /** How many messages are kept, and whether they outlive the page. */
  kept(count: number, lasting: boolean): void
  /** What was begun and not left yet; it is for somebody else to keep from then on. */
  take(): string
}

export function createLeaving(text: LoaderText, leave: (text: string) => void): Leaving {
  let words = text
  let count = 0
  let lasting = true
  const name = el('b')
  const field = el('textarea')
  field.rows = 3
  field.maxLength = LONGEST_LEFT
  const button = el('button', 'retry')
  button.type = 'button'
  const note = el('p')
  note.setAttribute('role', 'status')
  const form = el('div', 'leave', el('label', '', name, field), button, note)

  function submit(): void {
    const written = field.value.trim()
    if (written) {
      field.value = ''
      // Room for what is said once it is kept: nothing may move under the pointer by then.
      form.classList.add('roomy')
      leave(written)
    }
    field.focus({ preventScroll: true })
  }

  button.addEventListener('click', submit)
  field.addEventListener('keydown', (event) => {
    // keyCode 229: Safari ends the composition before this event, and would leave half a word.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
    if (matchMedia('(pointer: coarse)').matches && !event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    submit()
  })

  function speak(): void {
    name.textContent = words.leave
    field.placeholder = words.write
    button.textContent = words.keep
    note.textContent = count === 0 ? '' : lasting ? words.kept(count) : words.keptHere
  }
  speak()

  return {
    form,
    speak(next) {
      words = next
      speak()
    },
    kept(next, outlives) {
      count = next
      lasting = outlives
      speak()
    },
    take() {
      const begun = field.value
      field.value = ''
      return begun
    },
  }
}
