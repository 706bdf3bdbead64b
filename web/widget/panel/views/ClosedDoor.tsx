// What stands in the place of the composer for who may not write: a kind word, never a field that would refuse what is typed.

import { usePanel } from '../context'
import type { PanelState } from '../store'
import { Contacts } from './Notice'
import { Icon } from './parts'

export type ClosedFor = 'blocked' | 'unknown' | 'outside' | 'busy'

const WORDS = {
  blocked: ['blockedTitle', 'blockedText'],
  unknown: ['signInTitle', 'signInText'],
  outside: ['outsideTitle', 'outsideText'],
  busy: ['busyTitle', 'busyText'],
} as const

/** Why the visitor may not write, if they may not. */
export function closedBy({ standing, verified, config, queue }: PanelState): ClosedFor | null {
  if (standing === 'blocked' || standing === 'outside') return standing
  if (standing === 'unknown' || (config?.identity_required && !verified)) return 'unknown'
  // The line was full, and nothing is asked of them until somebody has them.
  return queue?.refused ? 'busy' : null
}

export function ClosedDoor({ reason }: { reason: ClosedFor }) {
  const { state, words } = usePanel()
  const [title, text] = WORDS[reason]
  // The notice above shows them already while the plan is on, or nothing answers.
  const elsewhere =
    reason === 'outside' && !state.notice.active && !state.unreachable && state.notice.contacts.length > 0
  return (
    <div class="door">
      <Icon name="lock" size={18} />
      <div>
        <p role="status">
          <strong>{words.t(title)}</strong>
          <span>{words.t(text)}</span>
        </p>
        {elsewhere && <Contacts />}
      </div>
    </div>
  )
}
