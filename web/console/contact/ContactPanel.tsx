// Who is asking: what they told us, where they are, and what was talked about before.
import { Button, Loader } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { IconExternalLink, IconRosetteDiscountCheck } from '@tabler/icons-react'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import type { Contact, Conversation, Page } from 'client/types'
import { languageName } from 'ui/languageName'
import { PersonAvatar } from 'ui/PersonAvatar'
import { ProblemAlert } from 'ui/ProblemAlert'
import { RelativeTime } from 'ui/RelativeTime'
import { http } from 'ui/session'
import { date, dateTime } from 'ui/time'
import { useDesk } from '../data/context'
import { contactName } from '../data/conversations'
import { Stars } from '../thread/SurveyCard'
import css from './ContactPanel.module.css'
import { EditableField } from './EditableField'
import { Labels } from './Labels'
import { Standing } from './Standing'
import { TheirData } from './TheirData'
import { deviceOf, webAddress } from './visit'

export function ContactPanel({
  conversation,
  onOpenConversation,
}: {
  conversation: Conversation
  onOpenConversation: (id: string) => void
}) {
  const { t, i18n } = useTranslation()
  const desk = useDesk()
  const queries = useQueryClient()
  const { id } = conversation.contact
  const key = ['contact', id]
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => http.get<Contact>(`/v1/contacts/${id}`, undefined, { signal }),
  })
  const contact = query.data

  useEffect(
    () => desk.onContact((changed) => changed.id === id && queries.setQueryData(['contact', id], changed)),
    [desk, queries, id],
  )

  /** An empty text clears a field; null would leave it as it is. */
  async function save(change: Partial<Pick<Contact, 'name' | 'email' | 'phone' | 'tags'>>): Promise<void> {
    const saved = await http.patch<Contact>(`/v1/contacts/${id}`, change)
    queries.setQueryData(key, saved)
    const { name, email } = saved
    desk.upsert([
      { ...(desk.store.get().conversations.get(conversation.id) ?? conversation), contact: { id, name, email } },
    ])
  }

  const name = contactName(contact ?? conversation.contact)
  const language = contact?.locale ? languageName(contact.locale, i18n.language) : null
  const device = contact?.user_agent ? deviceOf(contact.user_agent) : null

  return (
    <div className={css.root}>
      <div className={css.head}>
        <PersonAvatar name={name} seed={id} size={56} />
        <div className={css.name}>
          {name ?? t('contact.visitor', { number: conversation.number })}
          {contact?.verified && (
            <IconRosetteDiscountCheck size={16} className={css.verified} aria-label={t('contact.verified')} />
          )}
        </div>
        {contact?.last_seen_at && (
          <div className={css.seen}>
            {t('contact.last_seen')} <RelativeTime at={contact.last_seen_at} long />
          </div>
        )}
      </div>

      {contact && <Standing contact={contact} onChanged={(changed) => queries.setQueryData(key, changed)} />}

      {query.isError && <ProblemAlert problem={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Loader size="xs" className={css.loader} aria-label={t('common.loading')} />}

      {contact && !contact.erased_at && (
        <>
          <section className={css.section}>
            <EditableField
              label={t('contact.name')}
              value={contact.name}
              autoComplete="off"
              onSave={(value) => save({ name: value ?? '' })}
            />
            <EditableField
              label={t('contact.email')}
              type="email"
              value={contact.email}
              onSave={(value) => save({ email: value ?? '' })}
            />
            <EditableField
              label={t('contact.phone')}
              type="tel"
              value={contact.phone}
              onSave={(value) => save({ phone: value ?? '' })}
            />
            <Labels labels={contact.tags} onSave={(tags) => save({ tags })} />
          </section>
          <section className={css.section}>
            <h3 className={css.heading}>{t('contact.visit')}</h3>
            <dl className={css.facts}>
              {contact.page && <PageFact page={contact.page} />}
              {language && <Fact label={t('contact.language')}>{language}</Fact>}
              {device && <Fact label={t('contact.device')}>{device}</Fact>}
              <Fact label={t('contact.first_seen')}>
                <span title={dateTime(contact.created_at, i18n.language)}>
                  {date(contact.created_at, i18n.language)}
                </span>
              </Fact>
              {contact.external_id && <Fact label={t('contact.external_id')}>{contact.external_id}</Fact>}
              {Object.entries(contact.attributes).map(([attribute, value]) => (
                <Fact key={attribute} label={attribute}>
                  {typeof value === 'object' ? JSON.stringify(value) : String(value)}
                </Fact>
              ))}
            </dl>
          </section>
        </>
      )}
      {conversation.survey?.rating !== null && conversation.survey?.rating !== undefined && (
        <section className={css.section}>
          <h3 className={css.heading}>{t('contact.rating')}</h3>
          <Stars rating={conversation.survey.rating} />
          {conversation.survey.comment && <p className={css.comment}>{conversation.survey.comment}</p>}
        </section>
      )}
      <Previous conversation={conversation} onOpen={onOpenConversation} />
      {contact && <TheirData contact={contact} />}
    </div>
  )
}

function Fact({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className={css.fact}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function PageFact({ page }: { page: NonNullable<Contact['page']> }) {
  const { t } = useTranslation()
  const address = webAddress(page.url)
  return (
    <Fact label={t('contact.page')}>
      {address ? (
        <a href={address.href} target="_blank" rel="noopener noreferrer nofollow" className={css.page}>
          <span className="fd-truncate">{page.title || address.short}</span>
          <IconExternalLink size={13} aria-hidden />
        </a>
      ) : (
        page.title
      )}
      {address && page.title && <span className={`${css.url} fd-truncate`}>{address.short}</span>}
    </Fact>
  )
}

function Previous({ conversation, onOpen }: { conversation: Conversation; onOpen: (id: string) => void }) {
  const { t } = useTranslation()
  const { id } = conversation.contact
  const query = useQuery({
    queryKey: ['contact-conversations', id],
    queryFn: ({ signal }) =>
      http.get<Page<Conversation>>('/v1/conversations', { contact_id: id, limit: 10 }, { signal }),
  })
  const others = query.data?.data.filter((other) => other.id !== conversation.id) ?? []
  return (
    <section className={css.section}>
      <h3 className={css.heading}>{t('contact.previous')}</h3>
      {query.isError && (
        <Button size="compact-xs" variant="subtle" onClick={() => void query.refetch()}>
          {t('common.retry')}
        </Button>
      )}
      {query.isSuccess && others.length === 0 && <p className={css.none}>{t('contact.no_previous')}</p>}
      <ul className={css.previous}>
        {others.map((other) => (
          <li key={other.id}>
            <button type="button" onClick={() => onOpen(other.id)}>
              <span className={css.previousTop}>
                <span>
                  #{other.number} · {t(`status.${other.status}`)}
                </span>
                <RelativeTime at={other.last_activity_at} />
              </span>
              <span className="fd-truncate">{other.last_message?.text ?? t('list.no_messages')}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
