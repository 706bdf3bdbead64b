// Who is being talked to, and whether they are there.

import { usePanel } from '../context'
import type { PanelState } from '../store'
import { Avatar, Icon } from './parts'

export function Header() {
  const { state, actions, words } = usePanel()
  const { config, conversation, queue } = state
  // Without a way to them nobody is known to be there.
  const online = state.online && !state.offline && !state.unreachable
  const agent = conversation?.status === 'open' ? conversation.assignee?.name : undefined
  const closed = queue ? !queue.open : config?.hours?.open === false
  const title = config?.title || config?.company || words.t('chat')
  const status = state.offline
    ? words.t('offlineTitle')
    : state.unreachable
      ? words.t('noConnection')
      : agent
        ? words.t(online ? 'agentHere' : 'agentAway', { name: agent })
        : closed
          ? words.t('closedTitle')
          : words.t(online ? 'online' : 'away')
  const greet = isFresh(state)
  return (
    <header class={greet ? 'header hero' : 'header'}>
      <span class="who">
        {config?.logo && !agent ? (
          <img class="logo" src={config.logo} alt="" width={44} height={44} />
        ) : (
          <Avatar name={agent ?? title} size="l" />
        )}
        <i class={online && (agent || !closed) ? 'dot on' : 'dot'} />
      </span>
      <div class="names">
        <h1 dir="auto">{title}</h1>
        <p dir="auto">{config ? status : ''}</p>
      </div>
      <button type="button" class="round" aria-label={words.t('close')} onClick={actions.close}>
        <Icon name={state.full ? 'close' : 'down'} size={22} />
      </button>
      {greet && (
        <p class="hello" dir="auto">
          {config?.greeting || words.t('greeting')}
        </p>
      )}
    </header>
  )
}

/** Nothing has been said yet: the greeting then has the stage. */
export function isFresh({ phase, history, thread }: PanelState): boolean {
  const settled = phase === 'ready' && (history === 'none' || history === 'ready')
  return settled && thread.messages.length + thread.pending.length === 0
}

/** The next message opens the conversation, and may say whom it is for. */
export function begins(state: PanelState): boolean {
  const { conversation, thread } = state
  if (isFresh(state)) return true
  // A question for a rating goes first.
  const asked = conversation?.survey && conversation.survey.rating === null
  return conversation?.status === 'resolved' && !asked && thread.pending.length === 0
}
