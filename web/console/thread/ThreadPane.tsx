// One conversation: its header with the things one may do, its messages, and the composer.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Loader } from '@mantine/core'
import { IconMessageOff } from '@tabler/icons-react'
import { EmptyState } from 'ui/EmptyState'
import { notifyProblem, ProblemState } from 'ui/ProblemAlert'
import { NavButton } from 'ui/Shell'
import { useConversation, useDesk, useDeskState, useThread } from '../data/context'
import { useShortcuts } from '../shell/useShortcuts'
import { Composer, type ComposerHandle } from './Composer'
import { Header } from './Header'
import { MessageList } from './MessageList'
import css from './ThreadPane.module.css'
import { TransferDialog } from './TransferDialog'

export function ThreadPane(props: { id: string; panelShown: boolean; onTogglePanel: () => void; onBack?: () => void }) {
  const { t } = useTranslation()
  const { id } = props
  const desk = useDesk()
  const conversation = useConversation(id)
  const thread = useThread(id)
  const missing = useDeskState(useCallback((state) => state.missing.get(id), [id]))
  const composer = useRef<ComposerHandle>(null)
  const [snoozeOpen, setSnoozeOpen] = useState(false)
  const [assignOpen, setAssignOpen] = useState(false)
  const [whyOpen, setWhyOpen] = useState(false)
  const [transferOpen, setTransferOpen] = useState(false)

  useEffect(() => void desk.openConversation(id), [desk, id])

  const act = useMemo(() => {
    const guard = (work: Promise<void>) => void work.catch((problem: unknown) => notifyProblem(t, problem))
    return {
      assign: (agentId: string | null) => guard(desk.assign(id, agentId)),
      resolve: () => guard(desk.setStatus(id, 'resolved')),
      reopen: () => guard(desk.setStatus(id, 'open')),
      snooze: (until: Date) => guard(desk.setStatus(id, 'snoozed', until.toISOString())),
      takeOver: () => guard(desk.takeOver(id)),
      join: () => guard(desk.join(id)),
      prioritise: (priority: Parameters<typeof desk.setPriority>[1]) => guard(desk.setPriority(id, priority)),
    }
  }, [desk, id, t])

  const resolved = conversation?.status === 'resolved'
  useShortcuts({
    r: () => composer.current?.focus('reply'),
    n: () => composer.current?.focus('note'),
    e: () => conversation && (resolved ? act.reopen() : act.resolve()),
    s: () => conversation && !resolved && setSnoozeOpen(true),
    a: () => conversation && setAssignOpen(true),
    t: () => conversation && !resolved && setTransferOpen(true),
    w: () => conversation && setWhyOpen(true),
    m: () => conversation && act.assign(desk.me.agent.id),
    i: props.onTogglePanel,
  })

  if (missing || (thread?.status === 'failed' && !conversation)) {
    return (
      <div className={css.alone}>
        <div className={css.bareHeader}>
          <NavButton />
        </div>
        {missing ? (
          <EmptyState icon={<IconMessageOff />} title={t('thread.gone_title')} text={t('thread.gone_text')} />
        ) : (
          <ProblemState problem={thread?.problem} onRetry={() => void desk.openConversation(id)} />
        )}
      </div>
    )
  }

  if (!conversation) {
    return (
      <div className={css.alone}>
        <Loader size="sm" aria-label={t('common.loading')} />
      </div>
    )
  }

  return (
    <>
      <Header
        conversation={conversation}
        act={act}
        panelShown={props.panelShown}
        onTogglePanel={props.onTogglePanel}
        onBack={props.onBack}
        snoozeOpen={snoozeOpen}
        onSnoozeOpen={setSnoozeOpen}
        assignOpen={assignOpen}
        onAssignOpen={setAssignOpen}
        whyOpen={whyOpen}
        onWhyOpen={setWhyOpen}
        onTransfer={() => setTransferOpen(true)}
      />
      <MessageList conversation={conversation} thread={thread} />
      <TransferDialog conversation={conversation} opened={transferOpen} onClose={() => setTransferOpen(false)} />
      <Composer ref={composer} conversation={conversation} onReopen={act.reopen} />
    </>
  )
}

export type ThreadActions = {
  assign: (agentId: string | null) => void
  resolve: () => void
  reopen: () => void
  snooze: (until: Date) => void
  takeOver: () => void
  join: () => void
  prioritise: (priority: 'low' | 'medium' | 'high' | 'urgent' | null) => void
}
