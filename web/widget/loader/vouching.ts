// Who the page says is here. The token passes through on its way to the frame and is kept nowhere.

import { warn } from './warn'

export interface Vouching {
  /** A token, a function that fetches one, or null when nobody is signed in. */
  by(source: unknown): void
  /** Whether the page has said that it can. */
  promised(): boolean
  /** Hands a token to the frame, or tells it that there is none. */
  offer(): void
}

export function createVouching(give: (token: string | null) => void, tell: (code: string) => void): Vouching {
  let source: (() => unknown) | null = null

  async function ask(): Promise<void> {
    const mine = source
    if (!mine) return give(null)
    let token: unknown = null
    try {
      token = await mine()
    } catch (error) {
      warn(`The token could not be fetched: ${String(error)}`)
    }
    // Signed out, or somebody else, meanwhile.
    if (mine !== source) return
    if (typeof token === 'string' && token !== '') return give(token)
    tell('identity_unavailable')
    give(null)
  }

  return {
    by(given) {
      if (typeof given === 'function') source = given as () => unknown
      else if (typeof given === 'string') {
        // A token counts once.
        let token: string | null = given
        source = () => {
          const once = token
          token = null
          return once
        }
      } else source = null
      if (given !== null && !source) warn('identify takes a token, or a function that fetches one.')
    },
    promised: () => source !== null,
    offer: () => void ask(),
  }
}
