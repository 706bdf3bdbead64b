// Whether the last thing somebody did was by pointer or by key. Stepping through the list with J and K must not end in a
// text field that swallows the next J; a click on a conversation should.

let pointer = false

if (typeof document !== 'undefined') {
  document.addEventListener('pointerdown', () => (pointer = true), { capture: true, passive: true })
  document.addEventListener('keydown', () => (pointer = false), { capture: true, passive: true })
}

export const cameByPointer = () => pointer
