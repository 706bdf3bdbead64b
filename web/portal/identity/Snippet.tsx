// How the company's own server and page say who is here.
import { SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { IdentityKey } from 'client/types'
import { CopyButton } from '../shell/CopyButton'
import { Card } from '../shell/Page'
import css from './Identity.module.css'
import { LANGUAGES, page, server, type Language } from './snippets'

const NAMES: Record<Language, string> = { node: 'Node', python: 'Python', php: 'PHP', rust: 'Rust' }

export function Snippet({ inboxId, identityKey }: { inboxId: string; identityKey: IdentityKey }) {
  const { t } = useTranslation()
  const [language, setLanguage] = useState<Language>('node')
  return (
    <Card title={t('identity.how')} text={t('identity.how_text')}>
      <div className={css.step}>
        <h3 className={css.heading}>{t('identity.server')}</h3>
        <SegmentedControl
          size="xs"
          aria-label={t('identity.language')}
          value={language}
          onChange={(value) => setLanguage(value as Language)}
          data={LANGUAGES.map((value) => ({ value, label: NAMES[value] }))}
        />
      </div>
      <Code label={t('identity.server')} text={server(language, inboxId, identityKey)} />
      <div className={css.step}>
        <h3 className={css.heading}>{t('identity.page')}</h3>
      </div>
      <Code label={t('identity.page')} text={page()} />
    </Card>
  )
}

function Code({ label, text }: { label: string; text: string }) {
  return (
    <div className={css.code}>
      {/* A narrow screen scrolls it sideways, with the keyboard too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre tabIndex={0} aria-label={label}>
        <code>{text}</code>
      </pre>
      <div className={css.codeFoot}>
        <CopyButton text={text} />
      </div>
    </div>
  )
}
