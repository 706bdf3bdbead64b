// What visitors are shown while they wait, in the order in which they see it, with how often it was seen and followed.
import { ActionIcon } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconArticle, IconCards, IconDiscount2, IconPlayerPlay } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { ContentKind } from 'client/types'
import { notifyProblem } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useContents, useRefresh } from '../data/api'
import { percent } from '../ratings/shares'
import { moved } from '../setup/order'
import setup from '../setup/Setup.module.css'
import { CreateButton, SetupList, SetupRow } from '../setup/SetupList'
import { Card, Page } from '../shell/Page'
import { Tag } from '../shell/Tag'
import { wholeNumber } from '../usage/amounts'
import { share } from './content'

export const KIND_ICONS: Record<ContentKind, React.ReactNode> = {
  video: <IconPlayerPlay size={20} stroke={1.7} />,
  card: <IconCards size={20} stroke={1.7} />,
  coupon: <IconDiscount2 size={20} stroke={1.7} />,
  article: <IconArticle size={20} stroke={1.7} />,
}

export function ContentPage() {
  const { t, i18n } = useTranslation()
  const [, navigate] = useLocation()
  const refresh = useRefresh()
  const contents = useContents({ every: 10_000 })
  const ids = (contents.data ?? []).map((content) => content.id)
  const create = () => navigate('/waiting-content/new')

  function move(id: string, by: -1 | 1): void {
    http
      .put('/v1/waiting-content/order', { ids: moved(ids, id, by) })
      .then(() => refresh('contents', 'audit'))
      .catch((problem: unknown) => notifyProblem(t, problem))
  }

  return (
    <Page
      title={t('nav.waiting_content')}
      text={t('content.text')}
      actions={<CreateButton label={t('content.create')} onClick={create} />}
    >
      <Card flush>
        <SetupList
          query={contents}
          onCreate={create}
          empty={{
            icon: <IconCards />,
            title: t('content.empty'),
            text: t('content.empty_text'),
            action: t('content.create'),
          }}
          row={(content) => {
            const at = ids.indexOf(content.id)
            const followed = share(content.counts)
            return (
              <SetupRow
                key={content.id}
                href={`/waiting-content/${content.id}`}
                icon={KIND_ICONS[content.kind]}
                name={content.title}
                text={[
                  t(`content.kind.${content.kind}`),
                  t('content.seen', {
                    count: content.counts.impressions,
                    number: wholeNumber(content.counts.impressions, i18n.language),
                  }),
                  followed !== null && t('content.followed', { share: percent(followed, i18n.language) }),
                ]
                  .filter(Boolean)
                  .join(' · ')}
                aside={!content.active && <Tag>{t('content.off')}</Tag>}
                tools={
                  <div className={setup.tools}>
                    <ActionIcon
                      aria-label={t('setup.up', { name: content.title })}
                      disabled={at === 0}
                      onClick={() => move(content.id, -1)}
                    >
                      <IconArrowUp size={16} />
                    </ActionIcon>
                    <ActionIcon
                      aria-label={t('setup.down', { name: content.title })}
                      disabled={at === ids.length - 1}
                      onClick={() => move(content.id, 1)}
                    >
                      <IconArrowDown size={16} />
                    </ActionIcon>
                  </div>
                }
              />
            )
          }}
        />
      </Card>
      {ids.length > 0 && (
        <p className={setup.explain} style={{ marginTop: 12 }}>
          {t('content.counted')}
        </p>
      )}
    </Page>
  )
}
