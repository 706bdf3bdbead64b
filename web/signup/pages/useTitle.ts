// The tab's title, in the page's language.
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

export function useTitle(key: string): void {
  const { t } = useTranslation()
  const title = `${t(key)} · ${t('brand')}`
  useEffect(() => {
    document.title = title
  }, [title])
}
