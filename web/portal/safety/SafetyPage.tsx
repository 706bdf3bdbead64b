// What is safe for the company and for who writes to it: what messages must not hold.
import { useTranslation } from 'react-i18next'
import { Page, Stack } from '../shell/Page'
import { MaskingCard } from './MaskingCard'

export function SafetyPage() {
  const { t } = useTranslation()
  return (
    <Page title={t('nav.safety')} text={t('safety.text')}>
      <Stack>
        <MaskingCard />
      </Stack>
    </Page>
  )
}
