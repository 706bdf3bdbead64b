// How everybody here signs in: a second factor for all, the company's own sign-in service, and the directory that manages people.
import { Skeleton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ProblemState } from 'ui/ProblemAlert'
import { useSignIn } from '../data/api'
import { useProof } from '../security/useProof'
import { Card, Page, Stack } from '../shell/Page'
import { Directory } from './Directory'
import { Domains } from './Domains'
import { SecondFactorRule } from './SecondFactorRule'
import { Service } from './Service'

export function SignInPage() {
  const { t } = useTranslation()
  const settings = useSignIn()
  const proof = useProof()
  return (
    <Page title={t('nav.sign_in')} text={t('sign_in.text')}>
      <Stack>
        {settings.isPending && <Skeleton height={260} radius={12} role="status" aria-label={t('common.loading')} />}
        {settings.isError && (
          <Card>
            <ProblemState problem={settings.error} onRetry={() => void settings.refetch()} />
          </Card>
        )}
        {settings.data && (
          <>
            <SecondFactorRule settings={settings.data} proof={proof} />
            <Domains settings={settings.data} proof={proof} />
            <Service settings={settings.data} proof={proof} />
            <Directory settings={settings.data} />
          </>
        )}
      </Stack>
      {proof.dialog}
    </Page>
  )
}
