// Before the first message: whom it is for, where the company lets visitors choose. Never in the way, for one may simply write.

import { usePanel } from '../context'
import { Icon } from './parts'

export function TeamChoice() {
  const { state, actions, words } = usePanel()
  const teams = state.config?.teams ?? []
  if (teams.length === 0) return null
  return (
    <li class="card teams">
      <fieldset>
        <legend>{words.t('teamsTitle')}</legend>
        {teams.map((team) => (
          <label key={team.id} class={team.id === state.team ? 'team picked' : 'team'}>
            <input
              class="sr"
              type="radio"
              name="team"
              checked={team.id === state.team}
              onChange={() => actions.chooseTeam(team.id)}
            />
            <span class="team-text">
              <b dir="auto">{team.name}</b>
              {team.description && <span dir="auto">{team.description}</span>}
            </span>
            <span class={team.open && team.waiting === 0 ? 'team-state on' : 'team-state'}>
              {!team.open
                ? words.t('teamClosed')
                : team.waiting === 0
                  ? words.t('teamFree')
                  : words.t('teamWaiting', { count: team.waiting })}
            </span>
            <Icon name="check" size={17} />
          </label>
        ))}
        <label class={state.team === null ? 'team other picked' : 'team other'}>
          <input
            class="sr"
            type="radio"
            name="team"
            checked={state.team === null}
            onChange={() => actions.chooseTeam(null)}
          />
          <span class="team-text">
            <b>{words.t('teamOther')}</b>
          </span>
          <Icon name="check" size={17} />
        </label>
      </fieldset>
    </li>
  )
}
