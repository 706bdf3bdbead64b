// The visitor was asked for a rating; this shows what they answered.
import { IconStar, IconStarFilled } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Conversation, Message } from 'client/types'
import css from './SurveyCard.module.css'

export function Stars({ rating, size = 16 }: { rating: number; size?: number }) {
  const { t } = useTranslation()
  return (
    <span className={css.stars} role="img" aria-label={t('survey.stars', { rating })}>
      {[1, 2, 3, 4, 5].map((star) =>
        star <= rating ? (
          <IconStarFilled key={star} size={size} />
        ) : (
          <IconStar key={star} size={size} className={css.hollow} />
        ),
      )}
    </span>
  )
}

export function SurveyCard({ message, conversation }: { message: Message; conversation: Conversation }) {
  const { t } = useTranslation()
  const survey = conversation.survey
  const answered = survey && survey.episode === message.episode && survey.rating !== null
  return (
    <div className={css.card} data-answered={answered || undefined}>
      <p className={css.title}>{t(answered ? 'survey.answered' : 'activity.survey_asked')}</p>
      {answered && survey.rating !== null && <Stars rating={survey.rating} size={20} />}
      {answered && survey.comment && <blockquote className={css.comment}>{survey.comment}</blockquote>}
    </div>
  )
}
