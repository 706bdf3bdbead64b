// @vitest-environment jsdom
// The keyboard's place on the board, through menus, questions and rows that go.
import { act, cleanup, render, screen } from '@testing-library/react'
import { createPortal } from 'react-dom'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useKeptFocus } from './useKeptFocus'

type Aside = 'menu' | 'dialog' | null

/** The board's shape: each row can be taken or given, and what it opens stands outside of it. */
function Board({ rows, aside }: { rows: readonly string[]; aside: Aside }) {
  const kept = useKeptFocus()
  return (
    <>
      <main>
        <div {...kept} aria-label="board">
          <ol>
            {rows.map((name, place) => (
              <li key={name}>
                <button>Take {name}</button>
                <button>Give {name}</button>
                {place === 0 &&
                  aside === 'menu' &&
                  createPortal(
                    <div role="menu">
                      <button>Mei</button>
                    </div>,
                    document.body,
                  )}
              </li>
            ))}
          </ol>
        </div>
        <button>Elsewhere</button>
      </main>
      {aside === 'dialog' && (
        <div role="dialog">
          <button>All the same</button>
        </div>
      )}
    </>
  )
}

function board(...first: string[]) {
  const { rerender } = render(<Board rows={first} aside={null} />)
  return (rows: readonly string[], aside: Aside = null) => rerender(<Board rows={rows} aside={aside} />)
}
const focus = (name: string) => act(() => screen.getByRole('button', { name }).focus())
const pass = (milliseconds: number) => act(() => vi.advanceTimersByTime(milliseconds))
const focused = () => document.activeElement?.textContent ?? ''

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

describe('a row that goes with the focus on it', () => {
  it('leaves it to the next one, on the same button', () => {
    const now = board('Ana', 'Bo', 'Chi')
    focus('Give Bo')
    now(['Ana', 'Chi'])
    expect(focused()).toBe('Give Chi')
  })

  it('leaves it to the board after the last one', () => {
    const now = board('Ana')
    focus('Give Ana')
    now([])
    expect(document.activeElement).toBe(screen.getByLabelText('board'))
  })

  it('does so for whoever came from another row', () => {
    const now = board('Ana', 'Bo')
    focus('Give Ana')
    focus('Give Bo')
    pass(50)
    now(['Ana'])
    expect(focused()).toBe('Give Ana')
  })

  it('does so when a menu and a question came between, and neither gave it back', () => {
    const now = board('Ana', 'Bo')
    focus('Give Ana')
    now(['Ana', 'Bo'], 'menu')
    focus('Mei')
    pass(50)
    // The menu goes first, and the question comes only with the server's answer.
    now(['Ana', 'Bo'])
    expect(document.activeElement).toBe(document.body)
    pass(50)
    now(['Ana', 'Bo'], 'dialog')
    focus('All the same')
    pass(50)
    now(['Bo'], 'dialog')
    expect(focused()).toBe('All the same')
    now(['Bo'])
    pass(150)
    expect(focused()).toBe('Give Bo')
  })
})

describe('whoever has left the rows', () => {
  it('is not called back by one that goes', () => {
    const now = board('Ana', 'Bo')
    focus('Give Ana')
    focus('Elsewhere')
    pass(50)
    now(['Bo'])
    expect(focused()).toBe('Elsewhere')
  })

  it('is not, having gone to nothing in particular', () => {
    const now = board('Ana', 'Bo')
    focus('Give Ana')
    act(() => (document.activeElement as HTMLElement).blur())
    pass(50)
    now(['Bo'])
    expect(document.activeElement).toBe(document.body)
  })
})
