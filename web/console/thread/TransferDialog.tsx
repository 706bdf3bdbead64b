// Handing a conversation on: to a colleague, a team or a brand, with a word for whoever gets it.
import { Button, Group, Modal, Radio, ScrollArea, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core'
import { IconBuildingStore, IconUsersGroup } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Conversation, Transfer } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { PRESENCE_RANK } from 'ui/person'
import { PersonAvatar } from 'ui/PersonAvatar'
import { ProblemAlert } from 'ui/ProblemAlert'
import { useAgents, useDesk } from '../data/context'
import { useBrands, useTeams } from '../data/queries'
import { useReasonWords } from '../shell/reasons'
import css from './TransferDialog.module.css'

type To = 'agent' | 'team' | 'brand'

interface Target {
  id: string
  name: string
  detail: string
  icon: React.ReactNode
}

const LONGEST_NOTE = 5000
/** How long somebody may think about it; 0 gives it to them at once. */
const ACCEPT_SECONDS = [0, 15, 30, 60, 120] as const
/** How long a team may take to take it; 0 leaves it there. */
const TAKE_MINUTES = [0, 1, 2, 5, 15, 60] as const

export function TransferDialog(props: { conversation: Conversation; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      // Escape answers what is asked meanwhile on top of this, and must not lose the note with it.
      closeOnEscape={!busy}
      title={t('transfer.title')}
      size={520}
      centered
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Form conversation={props.conversation} onClose={props.onClose} busy={busy} setBusy={setBusy} />
    </Modal>
  )
}

interface FormProps {
  conversation: Conversation
  onClose: () => void
  busy: boolean
  setBusy: (busy: boolean) => void
}

function Form({ conversation, onClose, busy, setBusy }: FormProps) {
  const { t } = useTranslation()
  const desk = useDesk()
  const [to, setTo] = useState<To>('agent')
  const [chosen, setChosen] = useState<string | null>(null)
  const [query, setQuery] = useState('')
  const [note, setNote] = useState('')
  const [seconds, setSeconds] = useState('30')
  const [minutes, setMinutes] = useState('0')
  const [problem, setProblem] = useState<unknown>(null)
  const targets = useTargets(to, conversation)
  // It stays busy until it is gone; the next one is not.
  useEffect(() => () => setBusy(false), [setBusy])
  const wanted = query.trim().toLowerCase()
  const found = targets?.filter((target) => target.name.toLowerCase().includes(wanted))

  async function transfer(): Promise<void> {
    if (!chosen || busy) return
    const body: Transfer = { to: destination(to, chosen) }
    if (note.trim()) body.note = note.trim()
    const within = to === 'agent' ? Number(seconds) : 60 * Number(minutes)
    if (within > 0) body.accept_seconds = within
    setBusy(true)
    setProblem(null)
    try {
      // Before it is sent: the answer may be quicker than the server's own.
      if (to === 'agent' && within > 0) desk.awaitAnswer(conversation.id)
      await desk.transfer(conversation.id, body)
      onClose()
    } catch (failure) {
      setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault()
        void transfer()
      }}
    >
      <SegmentedControl
        fullWidth
        aria-label={t('transfer.to')}
        value={to}
        onChange={(value) => {
          setTo(value as To)
          setChosen(null)
        }}
        data={(['agent', 'team', 'brand'] as const).map((value) => ({ value, label: t(`transfer.${value}`) }))}
      />
      <TextInput
        data-autofocus
        aria-label={t('transfer.search')}
        placeholder={t('transfer.search')}
        value={query}
        onChange={(event) => setQuery(event.currentTarget.value)}
      />
      <Radio.Group value={chosen} onChange={setChosen} aria-label={t(`transfer.${to}`)}>
        <ScrollArea.Autosize mah={232} type="auto" className={css.list ?? ''}>
          {found?.map((target) => (
            <Radio.Card key={target.id} value={target.id} className={css.target ?? ''}>
              <Radio.Indicator size="xs" />
              {target.icon}
              <span className={`${css.name} fd-truncate`}>{target.name}</span>
              <span className={css.detail}>{target.detail}</span>
            </Radio.Card>
          ))}
          {found?.length === 0 && (
            <EmptyState compact title={t(wanted ? 'transfer.none_found' : `transfer.no_${to}`)} />
          )}
        </ScrollArea.Autosize>
      </Radio.Group>
      <p className={css.what}>{t(`transfer.${to}_text`)}</p>
      {to === 'agent' ? (
        <Select
          label={t('transfer.accept')}
          description={t('transfer.accept_text')}
          allowDeselect={false}
          value={seconds}
          onChange={(value) => value && setSeconds(value)}
          data={ACCEPT_SECONDS.map((value) => ({
            value: String(value),
            label: value === 0 ? t('transfer.at_once') : t('transfer.seconds', { count: value }),
          }))}
        />
      ) : (
        <Select
          label={t('transfer.take')}
          description={t('transfer.take_text')}
          allowDeselect={false}
          value={minutes}
          onChange={(value) => value && setMinutes(value)}
          data={TAKE_MINUTES.map((value) => ({
            value: String(value),
            label: value === 0 ? t('transfer.stays') : t('transfer.minutes', { count: value }),
          }))}
        />
      )}
      <Textarea
        label={t('transfer.note')}
        description={`${t('transfer.note_text')} ${t('transfer.summary_text')}`}
        autosize
        minRows={2}
        maxRows={6}
        maxLength={LONGEST_NOTE}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <ProblemAlert problem={problem} />
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={busy} disabled={!chosen}>
          {t('transfer.do')}
        </Button>
      </Group>
    </form>
  )
}

function destination(to: To, id: string): Transfer['to'] {
  if (to === 'agent') return { kind: 'agent', agent_id: id }
  return to === 'team' ? { kind: 'team', team_id: id } : { kind: 'brand', brand_id: id }
}

/** Whom it can go to; undefined until that is known. */
function useTargets(to: To, conversation: Conversation): Target[] | undefined {
  const { t } = useTranslation()
  const agents = useAgents()
  const teams = useTeams(to === 'team')
  const brands = useBrands(to === 'brand')
  const reasonWords = useReasonWords()
  if (to === 'agent') {
    return agents
      .filter((agent) => !agent.disabled_at && agent.id !== conversation.assignee_id)
      .sort((a, b) => PRESENCE_RANK[a.availability] - PRESENCE_RANK[b.availability] || a.name.localeCompare(b.name))
      .map((agent) => ({
        id: agent.id,
        name: agent.name,
        detail:
          agent.availability === 'online'
            ? t('transfer.load', { open: agent.open_conversations, capacity: agent.capacity })
            : [t(`availability.${agent.availability}`), reasonWords(agent.away_reason)].filter(Boolean).join(' · '),
        icon: <PersonAvatar name={agent.name} seed={agent.id} size={26} availability={agent.availability} />,
      }))
  }
  if (to === 'team') {
    return teams.data?.map((team) => ({
      id: team.id,
      name: team.name,
      detail: t('transfer.members', { count: team.agent_ids.length }),
      icon: <IconUsersGroup size={20} stroke={1.6} className={css.icon} aria-hidden />,
    }))
  }
  return brands.data?.map((brand) => ({
    id: brand.id,
    name: brand.name,
    detail: '',
    icon: <IconBuildingStore size={20} stroke={1.6} className={css.icon} aria-hidden />,
  }))
}
