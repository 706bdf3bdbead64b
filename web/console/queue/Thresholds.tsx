// Past which numbers the board raises its voice, for whoever may set it up.
import { ActionIcon, Button, NumberInput, Popover, Tooltip } from '@mantine/core'
import { IconBellCog } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { QueueBoard, QueueThresholds } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import css from './QueueBoard.module.css'

type Limits = Pick<QueueThresholds, 'waiting' | 'longest_seconds'>

export function Thresholds({ thresholds }: { thresholds: Limits }) {
  const { t } = useTranslation()
  const [opened, setOpened] = useState(false)
  return (
    <Popover position="bottom-end" width={272} opened={opened} onChange={setOpened} trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label={t('queue.alerts')} disabled={opened}>
          <ActionIcon size="lg" onClick={() => setOpened(!opened)} aria-label={t('queue.alerts')}>
            <IconBellCog size={18} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('queue.alerts')}>
        {opened && <Form thresholds={thresholds} onDone={() => setOpened(false)} />}
      </Popover.Dropdown>
    </Popover>
  )
}

function Form({ thresholds, onDone }: { thresholds: Limits; onDone: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const account = useMe().account.id
  const [waiting, setWaiting] = useState<number | string>(thresholds.waiting ?? '')
  const [minutes, setMinutes] = useState<number | string>(
    thresholds.longest_seconds === null ? '' : thresholds.longest_seconds / 60,
  )
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)

  async function save(): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const saved = await http.put<QueueThresholds>('/v1/queue/thresholds', {
        waiting: typeof waiting === 'number' ? waiting : null,
        longest_seconds: typeof minutes === 'number' ? Math.round(minutes * 60) : null,
      })
      client.setQueryData<QueueBoard>([account, 'queue'], (board) => board && { ...board, thresholds: saved })
      client.setQueryData<QueueThresholds>([account, 'queue-thresholds'], saved)
      onDone()
    } catch (failure) {
      setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <form
      className={css.thresholds}
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <NumberInput
        data-autofocus
        size="xs"
        label={t('queue.alert_waiting')}
        placeholder={t('queue.alert_never')}
        min={1}
        max={10_000}
        allowDecimal={false}
        allowNegative={false}
        value={waiting}
        onChange={setWaiting}
      />
      <NumberInput
        size="xs"
        label={t('queue.alert_longest')}
        placeholder={t('queue.alert_never')}
        min={0.5}
        max={1440}
        step={1}
        decimalScale={1}
        allowNegative={false}
        value={minutes}
        onChange={setMinutes}
      />
      <ProblemAlert problem={problem} />
      <Button type="submit" size="xs" loading={busy}>
        {t('common.save')}
      </Button>
    </form>
  )
}
