// What stands in the place of the composer for who may not write: a kind word, never a field that would refuse what is typed.

import { usePanel } from '../context'
import type { PanelState } from '../store'
import { Icon } from './parts'

export type ClosedFor = 'blocked' | 'unknown' | 'busy'

const WORDS = {
  blocked: ['blockedTitle', 'blockedText'],
  unknown: ['signInTitle', 'signInText'],
  busy: ['busyTitle', 'busyText'],
} as const

/** Why the visitor may not write, if they may not. */
export function closedBy({ standing, verified, config, queue }: PanelState): ClosedFor | null {
  if (standing === 'blocked') return 'blocked'
  if (standing === 'unknown' || (config?.identity_required && !verified)) return 'unknown'
  // The line was full, and nothing is asked of them until somebody has them.
  return queue?.refused ? 'busy' : null
}

export function ClosedDoor({ reason }: { reason: ClosedFor }) {
  const { words } = usePanel()
  const [title, text] = WORDS[reason]
  return (
    <div class="door" role="status">
      <Icon name="lock" size={18} />
      <p>
        <strong>{words.t(title)}</strong>
        <span>{words.t(text)}</span>
      </p>
    </div>
  )
}
