// People's data: what can be taken along, who is to be forgotten, and for how long anything is kept.
import { useTranslation } from 'react-i18next'
import { Page, Stack } from '../shell/Page'
import { ExportsCard } from './ExportsCard'
import { PeopleCard } from './PeopleCard'
import { RetentionCard } from './RetentionCard'

export function DataPage() {
  const { t } = useTranslation()
  return (
    <Page title={t('nav.data')} text={t('data.text')}>
      <Stack>
        <ExportsCard />
        <PeopleCard />
        <RetentionCard />
      </Stack>
    </Page>
  )
}
