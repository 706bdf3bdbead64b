// What is safe for the company and for who writes to it: what messages must not hold, how crowds come in, and who
// is kept out.
import { useTranslation } from 'react-i18next'
import { Page, Stack } from '../shell/Page'
import { AddressesCard } from './AddressesCard'
import { MaskingCard } from './MaskingCard'
import { SpamCard } from './SpamCard'

export function SafetyPage() {
  const { t } = useTranslation()
  return (
    <Page title={t('nav.safety')} text={t('safety.text')}>
      <Stack>
        <MaskingCard />
        <SpamCard />
        <AddressesCard />
      </Stack>
    </Page>
  )
}
