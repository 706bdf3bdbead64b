// A failed request, in words chosen by its code, with a way to try again and the request's id for support.
import { Alert, Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconAlertCircle, IconCloudOff } from '@tabler/icons-react'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { ApiProblem } from 'client/http'
import { EmptyState } from './EmptyState'
import { problemText } from './problem'

function requestId(problem: unknown): string | null {
  return problem instanceof ApiProblem && problem.status >= 500 ? problem.requestId : null
}

/** Above a form or inside a card. */
export function ProblemAlert({ problem, onRetry }: { problem: unknown; onRetry?: () => void }) {
  const { t } = useTranslation()
  if (!problem) return null
  const id = requestId(problem)
  return (
    <Alert color="red" variant="light" radius="md" icon={<IconAlertCircle size={18} />} role="alert">
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <div>
          <Text size="sm">{problemText(t, problem)}</Text>
          {id && (
            <Text size="xs" c="dimmed" ff="monospace">
              {t('problem.request', { id })}
            </Text>
          )}
        </div>
        {onRetry && (
          <Button size="compact-sm" variant="default" onClick={onRetry} style={{ flexShrink: 0 }}>
            {t('common.retry')}
          </Button>
        )}
      </Group>
    </Alert>
  )
}

/** In place of content that could not be loaded. */
export function ProblemState({
  problem,
  onRetry,
  compact,
}: {
  problem: unknown
  onRetry?: () => void
  compact?: boolean
}) {
  const { t } = useTranslation()
  const offline = problem instanceof ApiProblem && problem.status === 0
  const id = requestId(problem)
  return (
    <div role="alert">
      <EmptyState
        compact={compact}
        icon={offline ? <IconCloudOff /> : <IconAlertCircle />}
        title={t('problem.title')}
        text={
          <>
            {problemText(t, problem)}
            {id && (
              <Text size="xs" c="dimmed" ff="monospace" mt={4}>
                {t('problem.request', { id })}
              </Text>
            )}
          </>
        }
        action={
          onRetry && (
            <Button size="xs" variant="default" onClick={onRetry}>
              {t('common.retry')}
            </Button>
          )
        }
      />
    </div>
  )
}

/** For something that failed out of sight of its button. */
export function notifyProblem(t: TFunction, problem: unknown): void {
  notifications.show({ color: 'red', title: t('problem.title'), message: problemText(t, problem), autoClose: 8000 })
}
