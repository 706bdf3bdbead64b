// What stands in the place of the composer for who may not write: a kind word, never a field that would refuse what is typed.

import { usePanel } from '../context'
import type { PanelState } from '../store'
import { Icon } from './parts'

export type ClosedFor = 'blocked' | 'unknown'

/** Why the visitor may not write, if they may not. */
export function closedBy({ standing, verified, config }: PanelState): ClosedFor | null {
  if (standing === 'blocked') return 'blocked'
  return standing === 'unknown' || (config?.identity_required && !verified) ? 'unknown' : null
}

export function ClosedDoor({ reason }: { reason: ClosedFor }) {
  const { words } = usePanel()
  return (
    <div class="door" role="status">
      <Icon name="lock" size={18} />
      <p>
        <strong>{words.t(reason === 'blocked' ? 'blockedTitle' : 'signInTitle')}</strong>
        <span>{words.t(reason === 'blocked' ? 'blockedText' : 'signInText')}</span>
      </p>
    </div>
  )
}
