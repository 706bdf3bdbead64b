// The place in the line, in sight above the thread for as long as one waits: position, time, and a bar that only goes forward.

import { useEffect, useRef, useState } from 'preact/hooks'
import type { QueuePlace } from 'client/types'
import { usePanel } from '../context'
import { estimateWords, opensWords } from '../estimate'
import type { Words } from '../i18n'
import type { PanelState } from '../store'
import { Icon } from './parts'

interface Said {
  icon: 'clock' | 'check' | 'moon' | 'alert'
  title: string
  /** The estimate, where there is one. */
  time: string | null
  text: string
  bar: boolean
}

export function WaitingStrip() {
  const { state, words } = usePanel()
  const { queue, bar } = state
  // Without a way to the server nobody knows how the line moves.
  const known = queue && !state.offline && !state.unreachable
  const said = known ? say(words, queue, state.left) : null
  return (
    <section class={said ? 'waiting' : ''} aria-label={said ? words.t('waitLabel') : undefined}>
      {said && (
        <>
          <div class="place">
            <Icon name={said.icon} size={19} />
            <b>{said.title}</b>
            {said.time && <span class="time">{said.time}</span>}
          </div>
          {said.bar && (
            <div
              class="bar"
              role="progressbar"
              aria-label={words.t('waitLabel')}
              aria-valuemin={0}
              aria-valuemax={100}
              aria-valuenow={Math.round(bar * 100)}
              aria-valuetext={said.title}
            >
              <i style={{ transform: `scaleX(${Math.max(0.03, bar)})` }} />
            </div>
          )}
          {queue!.vip_insert && <p class="vip">{words.t('waitVip')}</p>}
          <p>{said.text}</p>
        </>
      )}
      <Spoken text={said ? [said.title, said.time, said.text].filter(Boolean).join('. ') : ''} state={state} />
    </section>
  )
}

function say(words: Words, queue: QueuePlace, left: PanelState['left']): Said {
  if (queue.patient) {
    const text = words.t(left === 'callback' ? 'patientCall' : left === 'email' ? 'patientMail' : 'patientText')
    return { icon: 'check', title: words.t('patientTitle'), time: null, text, bar: false }
  }
  if (queue.refused) {
    return { icon: 'moon', title: words.t('noneTitle'), time: null, text: words.t('noneText'), bar: false }
  }
  if (!queue.open) {
    const when = opensWords(words, queue.opens_at)
    const text = when ? words.t('closedOpens', { when }) : words.t('closedText')
    return { icon: 'moon', title: words.t('closedTitle'), time: null, text, bar: false }
  }
  if (queue.full) {
    return { icon: 'alert', title: words.t('fullTitle'), time: null, text: words.t('fullText'), bar: false }
  }
  const { ahead, position } = queue
  if (!queue.staffed) {
    const text = words.t('nobodyText', { position })
    return { icon: 'moon', title: words.t('nobodyTitle'), time: null, text, bar: false }
  }
  const title = ahead === 0 ? words.t('waitNext') : words.t('waitPlace', { position })
  const before = ahead === 0 ? words.t('waitSoonYours') : words.t(ahead === 1 ? 'waitAheadOne' : 'waitAhead', { ahead })
  return {
    icon: 'clock',
    title,
    time: estimateWords(words, queue.estimate),
    // Chinese sentences end in a space of their own.
    text: [before, words.t('waitKept')].join(words.locale === 'zh-CN' ? '' : ' '),
    bar: true,
  }
}

const QUIET_MS = 15_000
/** Several steps at once are told as one. */
const SETTLE_MS = 700

/** Says a new position as soon as it is one, and everything else at most every fifteen seconds. */
function Spoken({ text, state }: { text: string; state: PanelState }) {
  const { words } = usePanel()
  const { queue, open, conversation } = state
  const [said, setSaid] = useState('')
  const saidAt = useRef(0)
  const step = queue
    ? [queue.position, queue.open, queue.staffed, queue.patient, queue.message_form, queue.full, queue.refused].join()
    : ''
  const lastStep = useRef('')
  const agent = conversation?.status === 'open' ? conversation.assignee : null
  const waited = useRef(false)

  useEffect(() => {
    if (!open) return
    // It ended well: that is worth a word of its own.
    if (!text && waited.current && agent) {
      waited.current = false
      lastStep.current = ''
      setSaid(words.t('waitOver', { name: agent.name ?? words.t('agent') }))
      return
    }
    if (!text || text === said) return
    waited.current = true
    const news = step !== lastStep.current
    const wait = news ? SETTLE_MS : Math.max(0, saidAt.current + QUIET_MS - Date.now())
    const timer = setTimeout(() => {
      lastStep.current = step
      saidAt.current = Date.now()
      setSaid(text)
    }, wait)
    return () => clearTimeout(timer)
  }, [text, step, open, agent, said, words])

  return (
    <span class="sr" role="status">
      {said}
    </span>
  )
}
