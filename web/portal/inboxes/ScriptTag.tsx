// The one line for the company's own site, ready to be copied.
import { useTranslation } from 'react-i18next'
import { CopyButton } from '../shell/CopyButton'
import css from './ScriptTag.module.css'

export const scriptTag = (key: string, origin: string = location.origin) =>
  `<script async src="${origin}/widget.js" data-key="${key}"></script>`

export function ScriptTag({ inboxKey }: { inboxKey: string }) {
  const { t } = useTranslation()
  const tag = scriptTag(inboxKey)
  return (
    <div className={css.root}>
      {/* A narrow screen scrolls it sideways, with the keyboard too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={css.code} tabIndex={0} aria-label={t('script.label')}>
        <code>
          <span className={css.mark}>&lt;script</span> async <span className={css.name}>src</span>=
          <span className={css.value}>&quot;{location.origin}/widget.js&quot;</span>{' '}
          <span className={css.name}>data-key</span>=<span className={css.value}>&quot;{inboxKey}&quot;</span>
          <span className={css.mark}>&gt;&lt;/script&gt;</span>
        </code>
      </pre>
      <div className={css.foot}>
        <span>{t('script.where')}</span>
        <CopyButton text={tag} label={t('script.copy')} variant="filled" />
      </div>
    </div>
  )
}
