// The whole console: navigation, list, thread and contact, as many of them side by side as the screen has room for.
import { useMediaQuery } from '@mantine/hooks'
import { useCallback, useState } from 'react'
import { Shell } from 'ui/Shell'
import { SupportBanner } from 'ui/SupportBanner'
import css from './Console.module.css'
import { ContactPane } from './contact/ContactPane'
import { useDeskState } from './data/context'
import { listOf } from './data/views'
import { ConversationList } from './list/ConversationList'
import { useListWindow } from './list/useListWindow'
import { Offers } from './offers/Offers'
import { LineAlarm } from './queue/LineAlarm'
import { QueueBoard } from './queue/QueueBoard'
import { usePlace } from './route'
import { CommandBar } from './shell/CommandBar'
import { ConnectionBanner } from './shell/ConnectionBanner'
import { ConsoleFooter, ConsoleHeader, ConsoleNav } from './shell/Nav'
import { useNotifier } from './shell/notifier'
import { Overfull } from './shell/Overfull'
import { ShortcutSheet } from './shell/ShortcutSheet'
import { useTitle } from './shell/title'
import { useShortcuts } from './shell/useShortcuts'
import { NothingChosen } from './thread/NothingChosen'
import { ThreadPane } from './thread/ThreadPane'
import { recall, remember } from 'ui/storage'
import { useMe } from 'ui/session'

const PANEL_KEY = 'frontdesk.console.contact-panel'

export function Console() {
  const { view, conversationId, queue = false, go } = usePlace()
  const me = useMe().agent.id
  const phone = useMediaQuery('(max-width: 767px)', undefined, { getInitialValueInEffect: false }) ?? false
  const wide = useMediaQuery('(min-width: 1280px)', undefined, { getInitialValueInEffect: false }) ?? true
  const [panelPinned, setPanelPinned] = useState(() => recall(PANEL_KEY) !== 'closed')
  const [panelDrawn, setPanelDrawn] = useState(false)
  const [commandOpen, setCommandOpen] = useState(false)
  const [sheetOpen, setSheetOpen] = useState(false)

  const list = useListWindow(view, conversationId)
  useNotifier(conversationId, (id) => go({ view, conversationId: id }))
  useTitle(view, queue)
  const unreadMine = useDeskState((state) =>
    listOf(state.conversations.values(), 'mine', me, null).some((conversation) => conversation.unread_count > 0),
  )

  const taken = useCallback((id: string) => go({ view: 'mine', conversationId: id }), [go])

  function step(by: 1 | -1): void {
    const at = list.conversations.findIndex((conversation) => conversation.id === conversationId)
    const next = list.conversations[at < 0 ? 0 : at + by]
    if (next) go({ conversationId: next.id })
  }

  useShortcuts({
    j: () => step(1),
    q: () => go({ queue: true }),
    k: () => step(-1),
    '?': () => setSheetOpen(true),
    'mod+k': () => setCommandOpen((open) => !open),
    Escape: () => conversationId && phone && go({}),
  })

  function togglePanel(): void {
    if (!wide) return setPanelDrawn((drawn) => !drawn)
    remember(PANEL_KEY, panelPinned ? 'closed' : 'open')
    setPanelPinned(!panelPinned)
  }

  const showList = !queue && (!phone || !conversationId)
  const showThread = !queue && (!phone || Boolean(conversationId))
  const panelShown = wide ? panelPinned : panelDrawn

  return (
    <Shell
      header={<ConsoleHeader onSearch={() => setCommandOpen(true)} onHelp={() => setSheetOpen(true)} />}
      nav={<ConsoleNav view={view} queue={queue} unreadMine={unreadMine} />}
      footer={<ConsoleFooter />}
      banner={
        <>
          <SupportBanner />
          <ConnectionBanner />
          {!queue && <LineAlarm />}
        </>
      }
    >
      {queue && <QueueBoard />}
      {showList && (
        <section className={css.list} data-phone={phone || undefined}>
          <ConversationList view={view} list={list} selectedId={conversationId} onSearch={() => setCommandOpen(true)} />
        </section>
      )}
      {showThread && (
        <section className={css.thread}>
          {conversationId ? (
            <ThreadPane
              key={conversationId}
              id={conversationId}
              panelShown={panelShown}
              onTogglePanel={togglePanel}
              onBack={phone ? () => go({}) : undefined}
            />
          ) : list.conversations.length === 0 ? null : (
            <NothingChosen onHelp={() => setSheetOpen(true)} />
          )}
        </section>
      )}
      {conversationId && showThread && (
        <ContactPane
          conversationId={conversationId}
          mode={wide ? 'column' : 'drawer'}
          opened={panelShown}
          onClose={togglePanel}
          onOpenConversation={(id) => {
            setPanelDrawn(false)
            go({ conversationId: id })
          }}
        />
      )}
      <Offers onTaken={taken} />
      <Overfull />
      <CommandBar
        opened={commandOpen}
        onClose={() => setCommandOpen(false)}
        conversationId={conversationId}
        onHelp={() => setSheetOpen(true)}
      />
      <ShortcutSheet opened={sheetOpen} onClose={() => setSheetOpen(false)} />
    </Shell>
  )
}
