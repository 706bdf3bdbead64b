// What is known of a conversation that changes hands, in short: for whoever is asked to take it, and for whoever reads along later.
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import type { ConversationSummary } from 'client/types'
import { webAddress } from '../contact/visit'
import { useDuration } from '../queue/duration'
import css from './Summary.module.css'

export function Summary({ summary }: { summary: ConversationSummary }) {
  const { t } = useTranslation()
  const duration = useDuration()
  const { page, rules, holders, messages } = summary
  const answers = Object.entries(summary.answers).filter(([, answer]) => answer)
  const address = page && webAddress(page.url)
  return (
    <dl className={css.root}>
      {page && (page.title || address) && (
        <>
          <dt>{t('summary.page')}</dt>
          <dd>{[page.title, address?.short].filter(Boolean).join(' · ')}</dd>
        </>
      )}
      {answers.length > 0 && (
        <>
          <dt>{t('summary.answers')}</dt>
          <dd>
            {answers.map(([question, answer]) => (
              <p key={question}>
                {question}: <b>{answer}</b>
              </p>
            ))}
          </dd>
        </>
      )}
      {rules.length > 0 && (
        <>
          <dt>{t('summary.rules')}</dt>
          <dd>{rules.join(' · ')}</dd>
        </>
      )}
      {holders.length > 0 && (
        <>
          <dt>{t('summary.holders')}</dt>
          <dd>
            {holders.map((holder, index) => (
              <Fragment key={index}>
                {index > 0 && ' → '}
                {t('summary.held', { name: holder.name, time: duration(holder.seconds) })}
              </Fragment>
            ))}
          </dd>
        </>
      )}
      {messages.length > 0 && (
        <>
          <dt>{t('summary.messages')}</dt>
          <dd>
            {messages.map((line, index) => (
              <p key={index}>
                <span className={css.who}>{line.name ?? t('summary.visitor')}</span> <span>{line.text}</span>
              </p>
            ))}
          </dd>
        </>
      )}
    </dl>
  )
}
