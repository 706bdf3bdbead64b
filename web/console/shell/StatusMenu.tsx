// Whether one takes conversations, and if not, why: seen by oneself at all times, and by colleagues who want to hand one over.
import { Button, Chip, Group, Menu, Modal, Text, TextInput, UnstyledButton } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ChosenAvailability } from 'client/types'
import { ChoiceLabel, MenuChoice } from 'ui/MenuChoice'
import { PersonAvatar, PresenceDot } from 'ui/PersonAvatar'
import { notifyProblem } from 'ui/ProblemAlert'
import { useMe } from 'ui/session'
import { useAgent, useDesk, useDeskState } from '../data/context'
import css from './Nav.module.css'
import { REASONS, useReasonWords } from './reasons'

const LONGEST_REASON = 80

export function StatusMenu() {
  const { t } = useTranslation()
  const me = useMe().agent
  const desk = useDesk()
  const known = useAgent(me.id) ?? me
  const reasonWords = useReasonWords()
  const connected = useDeskState((state) => state.connection === 'online')
  const [asking, setAsking] = useState<'away' | 'reassigning' | null>(null)
  // Nobody else sees an agent who has no connection as online, so neither should they themselves.
  const seen = connected ? known.chosen_availability : 'offline'
  const reason = reasonWords(known.away_reason)

  function choose(availability: ChosenAvailability, because: string | null = null): void {
    desk.setAvailability(availability, because).catch((problem: unknown) => notifyProblem(t, problem))
  }

  return (
    <>
      <Menu position="top-start" width={252}>
        <Menu.Target>
          <UnstyledButton className={css.me}>
            <span aria-hidden>
              <PersonAvatar name={me.name} seed={me.id} size={30} availability={seen} />
            </span>
            <span className={css.meText}>
              <span className={`${css.meName} fd-truncate`}>{me.name}</span>
              <span className={`${css.meState} fd-truncate`}>
                {t(`availability.${seen}`)}
                {reason && seen !== 'online' && seen !== 'offline' && ` · ${reason}`}
              </span>
              <span className="fd-sr">{t('presence.change')}</span>
            </span>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t('presence.title')}</Menu.Label>
          {(['online', 'busy'] as const).map((each) => (
            <MenuChoice
              key={each}
              checked={known.chosen_availability === each}
              icon={<PresenceDot availability={each} />}
              onChoose={() => choose(each)}
            >
              {t(`availability.${each}`)}
              <span className={css.explain}>{t(`presence.${each}`)}</span>
            </MenuChoice>
          ))}
          <Menu.Sub>
            <Menu.Sub.Target>
              <Menu.Sub.Item>
                <ChoiceLabel icon={<PresenceDot availability="away" />}>
                  {t('availability.away')}
                  {known.chosen_availability === 'away' && (
                    <IconCheck size={14} className={css.chosen} aria-label={t('presence.chosen')} />
                  )}
                  <span className={css.explain}>{t('presence.away')}</span>
                </ChoiceLabel>
              </Menu.Sub.Item>
            </Menu.Sub.Target>
            <Menu.Sub.Dropdown>
              <Menu.Label>{t('presence.why')}</Menu.Label>
              <MenuChoice
                checked={known.chosen_availability === 'away' && !known.away_reason}
                onChoose={() => choose('away')}
              >
                {t('presence.no_reason')}
              </MenuChoice>
              {REASONS.map((each) => (
                <MenuChoice
                  key={each}
                  checked={known.chosen_availability === 'away' && known.away_reason === each}
                  onChoose={() => choose('away', each)}
                >
                  {t(`presence.reason.${each}`)}
                </MenuChoice>
              ))}
              <Menu.Item onClick={() => setAsking('away')}>{t('presence.other_reason')}</Menu.Item>
            </Menu.Sub.Dropdown>
          </Menu.Sub>
          <MenuChoice
            checked={known.chosen_availability === 'reassigning'}
            icon={<PresenceDot availability="reassigning" />}
            onChoose={() => setAsking('reassigning')}
          >
            {t('availability.reassigning')}
            <span className={css.explain}>{t('presence.reassigning')}</span>
          </MenuChoice>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={asking !== null}
        onClose={() => setAsking(null)}
        title={t(asking === 'reassigning' ? 'presence.hand_over' : 'presence.why')}
        size={420}
        centered
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        {asking && (
          <Why
            handOver={asking === 'reassigning'}
            onClose={() => setAsking(null)}
            onChoose={(because) => {
              choose(asking, because)
              setAsking(null)
            }}
          />
        )}
      </Modal>
    </>
  )
}

function Why(props: { handOver: boolean; onClose: () => void; onChoose: (reason: string | null) => void }) {
  const { t } = useTranslation()
  const me = useMe().agent.id
  const [reason, setReason] = useState<string | null>(null)
  const [text, setText] = useState('')
  const waiting = useDeskState((state) => {
    let count = 0
    for (const { status, assignee_id: assignee, waiting_since: since } of state.conversations.values()) {
      if (status === 'open' && assignee === me && since) count++
    }
    return count
  })

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        props.onChoose(text.trim() || reason)
      }}
    >
      {props.handOver && (
        <Text size="sm" c="dimmed" mb="md">
          {waiting > 0 ? t('presence.hand_over_text', { count: waiting }) : t('presence.hand_over_none')}
        </Text>
      )}
      {props.handOver && (
        <Chip.Group value={reason} onChange={(value) => setReason(String(value))}>
          <Group gap={6} mb="sm" role="group" aria-label={t('presence.why')}>
            {REASONS.map((each) => (
              <Chip key={each} value={each} size="xs" radius="xl">
                {t(`presence.reason.${each}`)}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      )}
      <TextInput
        data-autofocus
        aria-label={t('presence.why')}
        placeholder={t('presence.why_example')}
        description={t('presence.why_text')}
        inputWrapperOrder={['input', 'description']}
        maxLength={LONGEST_REASON}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={props.onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit">{t(props.handOver ? 'presence.hand_over' : 'presence.set_away')}</Button>
      </Group>
    </form>
  )
}
