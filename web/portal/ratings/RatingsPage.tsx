// How people liked it: the sum, and every rating with its words.
import { Button, Skeleton } from '@mantine/core'
import { IconStar, IconStarFilled } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { SurveySummary } from 'client/types'
import { EmptyState } from 'ui/EmptyState'
import { ProblemState } from 'ui/ProblemAlert'
import { useRatings, useRatingsSummary } from '../data/api'
import { Card, Page, RowsSkeleton, Stack } from '../shell/Page'
import { wholeNumber } from '../usage/amounts'
import { RatingRow, Stars } from './RatingRow'
import css from './Ratings.module.css'
import { answeredShare, distribution, percent, satisfied } from './shares'

export function RatingsPage() {
  const { t } = useTranslation()
  const summary = useRatingsSummary({ every: 30_000 })
  const ratings = useRatings()
  const all = ratings.data?.pages.flatMap((page) => page.data) ?? []

  return (
    <Page title={t('nav.ratings')} text={t('ratings.text')}>
      <Stack>
        {summary.isPending && <Skeleton height={190} radius={14} />}
        {summary.isError && !ratings.isError && (
          <Card>
            <ProblemState compact problem={summary.error} onRetry={() => void summary.refetch()} />
          </Card>
        )}
        {summary.data && summary.data.count > 0 && <Summary summary={summary.data} />}
        <Card flush>
          {ratings.isPending && <RowsSkeleton rows={5} />}
          {ratings.isError && all.length === 0 && (
            <ProblemState problem={ratings.error} onRetry={() => void ratings.refetch()} />
          )}
          {ratings.isSuccess && all.length === 0 && (
            <EmptyState icon={<IconStar />} title={t('ratings.empty')} text={t('ratings.empty_text')} />
          )}
          <ul className={css.list}>
            {all.map((rating) => (
              <RatingRow key={`${rating.conversation_id} ${rating.episode}`} rating={rating} />
            ))}
          </ul>
          {ratings.hasNextPage && (
            <div className={css.more}>
              <Button
                variant="default"
                size="xs"
                loading={ratings.isFetchingNextPage}
                onClick={() => void ratings.fetchNextPage()}
              >
                {t('common.load_more')}
              </Button>
            </div>
          )}
        </Card>
      </Stack>
    </Page>
  )
}

function Summary({ summary }: { summary: SurveySummary }) {
  const { t, i18n } = useTranslation()
  const answered = answeredShare(summary)
  const happy = satisfied(summary)
  return (
    <Card>
      <div className={css.summary}>
        <div className={css.average}>
          <span className={css.big}>{summary.average?.toFixed(1) ?? '–'}</span>
          <Stars rating={summary.average ?? 0} size={20} />
          <span className={css.count}>{t('ratings.count', { count: summary.count })}</span>
        </div>
        <ul className={css.bars}>
          {distribution(summary).map(({ star, count, share }) => (
            <li key={star}>
              <span className={css.barStar}>
                {star} <IconStarFilled size={12} aria-hidden />
                <span className="fd-sr">{t('ratings.stars', { rating: star })}</span>
              </span>
              <span className={css.track}>
                <i style={{ width: `${share * 100}%` }} />
              </span>
              <span className={css.barCount}>{wholeNumber(count, i18n.language)}</span>
            </li>
          ))}
        </ul>
        <dl className={css.facts}>
          {happy !== null && (
            <div>
              <dt>{t('ratings.happy')}</dt>
              <dd>
                {percent(happy, i18n.language)}
                <small>{t('ratings.happy_text')}</small>
              </dd>
            </div>
          )}
          {answered !== null && (
            <div>
              <dt>{t('ratings.answered')}</dt>
              <dd>
                {percent(answered, i18n.language)}
                <small>{t('ratings.answered_text', { count: summary.count, asked: summary.asked })}</small>
              </dd>
            </div>
          )}
        </dl>
      </div>
    </Card>
  )
}
