// Whether somebody gets more conversations than they take: asked of those who may say so, before it happens.
import { Button, Group, Modal, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useCan } from 'ui/session'
import { useAgents, useDesk } from '../data/context'

interface Question {
  agentId: string
  answer: (yes: boolean) => void
}

export function Overfull() {
  const { t } = useTranslation()
  const desk = useDesk()
  const agents = useAgents()
  const may = useCan('conversations.supervise')
  const [question, setQuestion] = useState<Question | null>(null)
  const you = question?.agentId === desk.me.agent.id
  const name = agents.find((agent) => agent.id === question?.agentId)?.name ?? ''

  useEffect(() => {
    if (!may) return
    return desk.onFull((agentId) => new Promise((answer) => setQuestion({ agentId, answer })))
  }, [desk, may])

  function settle(yes: boolean): void {
    question?.answer(yes)
    setQuestion(null)
  }

  return (
    <Modal
      opened={question !== null}
      onClose={() => settle(false)}
      title={t('full.title')}
      size={420}
      centered
      // Whoever hands over still has that dialog open, and this is asked on top of it.
      zIndex={300}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Text size="sm">{you ? t('full.text_you') : t('full.text', { name })}</Text>
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={() => settle(false)} data-autofocus>
          {t('common.cancel')}
        </Button>
        <Button onClick={() => settle(true)}>{you ? t('full.do_you') : t('full.do')}</Button>
      </Group>
    </Modal>
  )
}
