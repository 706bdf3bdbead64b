// How one proves who one is, and where one is signed in.
import { Skeleton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ProblemState } from 'ui/ProblemAlert'
import { useSecurity } from '../data/api'
import { Card, Page, Stack } from '../shell/Page'
import { Factors } from './Factors'
import { Passkeys } from './Passkeys'
import { PasswordAndEmail } from './PasswordAndEmail'
import { Sessions } from './Sessions'
import { useProof } from './useProof'

export function SecurityPage() {
  const { t } = useTranslation()
  const security = useSecurity()
  const proof = useProof()
  return (
    <Page title={t('nav.security')} text={t('security_page.text')}>
      <Stack>
        {security.isError && (
          <Card>
            <ProblemState problem={security.error} onRetry={() => void security.refetch()} />
          </Card>
        )}
        {security.isPending && <Skeleton height={220} radius={12} role="status" aria-label={t('common.loading')} />}
        {security.data && (
          <>
            <PasswordAndEmail security={security.data} proof={proof} />
            <Factors security={security.data} proof={proof} />
            <Passkeys security={security.data} proof={proof} />
          </>
        )}
        <Sessions />
      </Stack>
      {proof.dialog}
    </Page>
  )
}
