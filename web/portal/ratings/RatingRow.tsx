// One rating: stars, words, who and when, and the way to the conversation.
import { Anchor } from '@mantine/core'
import { IconStarFilled } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { PersonAvatar } from 'ui/PersonAvatar'
import { RelativeTime } from 'ui/RelativeTime'
import type { SurveyResponse } from 'client/types'
import css from './Ratings.module.css'

export function Stars({ rating, size = 15 }: { rating: number; size?: number }) {
  const { t, i18n } = useTranslation()
  const spoken = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 }).format(rating)
  return (
    <span className={css.stars} role="img" aria-label={t('ratings.stars', { rating: spoken })}>
      {[1, 2, 3, 4, 5].map((star) => (
        <span key={star} className={css.star} style={{ width: size, height: size }}>
          <IconStarFilled size={size} />
          <span style={{ width: `${Math.max(0, Math.min(1, rating - star + 1)) * 100}%` }}>
            <IconStarFilled size={size} />
          </span>
        </span>
      ))}
    </span>
  )
}

export function RatingRow({ rating }: { rating: SurveyResponse }) {
  const { t } = useTranslation()
  const name = rating.contact.name || t('ratings.visitor')
  return (
    <li className={css.rating}>
      <PersonAvatar name={rating.contact.name} seed={rating.contact.id} size={34} />
      <div className={css.body}>
        <div className={css.top}>
          <span className={css.who}>{name}</span>
          <Stars rating={rating.rating} />
          <RelativeTime at={rating.answered_at} className={css.when} />
        </div>
        {rating.comment && <p className={css.comment}>{rating.comment}</p>}
        <div className={css.meta}>
          <Anchor href={`/console/conversations/${encodeURIComponent(rating.conversation_id)}`} inherit>
            {t('ratings.conversation', { number: rating.number })}
          </Anchor>
          {rating.agent_name && <span>{t('ratings.by', { name: rating.agent_name })}</span>}
        </div>
      </div>
    </li>
  )
}
