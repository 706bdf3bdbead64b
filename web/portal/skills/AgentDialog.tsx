// What else routing knows of an agent: the languages they speak, and how many website chats they take at once.
import { Button, Group, NumberInput, TagsInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Agent } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useRefresh } from '../data/api'
import { Dialog } from '../shell/Dialog'

const COMMON = ['en', 'zh-CN', 'zh-TW', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'ja', 'ko', 'ru', 'ar']
const CHANNEL = 'website'

export function AgentDialog({ agent, onClose }: { agent: Agent | null; onClose: () => void }) {
  return (
    <Dialog opened={agent !== null} onClose={onClose} title={agent?.name ?? ''} size={460}>
      {agent && <Form agent={agent} onClose={onClose} />}
    </Dialog>
  )
}

function Form({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const refresh = useRefresh()
  const [languages, setLanguages] = useState(agent.languages)
  const [most, setMost] = useState<number | string>(agent.channel_capacity[CHANNEL] ?? '')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const errors = fieldErrors(t, problem)
  const names = new Intl.DisplayNames(i18n.language, { type: 'language' })

  async function save(): Promise<void> {
    setBusy(true)
    setProblem(null)
    const { [CHANNEL]: _before, ...others } = agent.channel_capacity
    const channel_capacity = typeof most === 'number' ? { ...others, [CHANNEL]: most } : others
    try {
      await http.patch(`/v1/agents/${encodeURIComponent(agent.id)}`, { languages, channel_capacity })
      await refresh('agents', 'policies', 'audit')
      onClose()
    } catch (failure) {
      setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <TagsInput
        data-autofocus
        label={t('skills.languages')}
        description={t('skills.languages_text')}
        maxTags={20}
        value={languages}
        error={errors['languages'] ?? Object.entries(errors).find(([path]) => path.startsWith('languages.'))?.[1]}
        onChange={setLanguages}
        data={COMMON}
        renderOption={({ option }) => `${option.value} · ${names.of(option.value) ?? ''}`}
        mb="md"
      />
      <NumberInput
        label={t('skills.chats')}
        description={t('skills.chats_text', { count: agent.capacity })}
        min={0}
        max={100}
        allowDecimal={false}
        allowNegative={false}
        value={most}
        error={errors['channel_capacity']}
        onChange={setMost}
        mb="md"
      />
      {Object.keys(errors).length === 0 && <ProblemAlert problem={problem} />}
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={busy}>
          {t('common.save')}
        </Button>
      </Group>
    </form>
  )
}
