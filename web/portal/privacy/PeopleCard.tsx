// Finding a person who asks for their data, or to be forgotten.
import { Button, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { IconDownload, IconEraser, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Contact, Page as List } from 'client/types'
import { EraseDialog } from 'ui/EraseDialog'
import { PersonAvatar } from 'ui/PersonAvatar'
import { notifyProblem, ProblemState } from 'ui/ProblemAlert'
import { RelativeTime } from 'ui/RelativeTime'
import { http, useMe } from 'ui/session'
import { useRefresh } from '../data/api'
import { Card } from '../shell/Page'
import { Tag } from '../shell/Tag'
import css from './Data.module.css'

export function PeopleCard() {
  const { t } = useTranslation()
  const account = useMe().account.id
  const [words, setWords] = useState('')
  const [query] = useDebouncedValue(words.trim(), 250)
  const found = useQuery({
    queryKey: [account, 'people', query],
    queryFn: ({ signal }) => http.get<List<Contact>>('/v1/contacts', { query, limit: 8 }, { signal }),
    enabled: query !== '',
  })
  const people = found.data?.data ?? []

  return (
    <Card flush title={t('data.people')} text={t('data.people_text')}>
      <div className={css.search}>
        <TextInput
          aria-label={t('data.search')}
          placeholder={t('data.search')}
          leftSection={<IconSearch size={16} />}
          maxLength={100}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
      </div>
      {found.isError && <ProblemState compact problem={found.error} onRetry={() => void found.refetch()} />}
      <div role="status" className="fd-sr">
        {query !== '' && found.isSuccess && t('data.found', { count: people.length })}
      </div>
      {query !== '' && found.isSuccess && people.length === 0 && <p className={css.none}>{t('data.nobody')}</p>}
      {query !== '' && (
        <ul className={css.list}>
          {people.map((person) => (
            <Person key={person.id} person={person} />
          ))}
        </ul>
      )}
    </Card>
  )
}

function Person({ person }: { person: Contact }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [erasing, setErasing] = useState(false)
  const [busy, setBusy] = useState(false)
  const name = person.name ?? person.email ?? t('data.unnamed')

  async function take(): Promise<void> {
    setBusy(true)
    try {
      await http.post('/v1/data-exports', { holds: 'contact', contact_id: person.id })
      await refresh('exports')
      notifications.show({ color: 'teal', message: t('data.export_asked'), autoClose: 4000 })
    } catch (failure) {
      notifyProblem(t, failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <li className={css.row}>
      <PersonAvatar name={name} seed={person.id} size={34} />
      <div className={css.body}>
        <div className={css.name}>
          <span>{name}</span>
          {person.erased_at && <Tag>{t('erase.erased')}</Tag>}
        </div>
        <div className={css.meta}>
          {person.name && person.email ? `${person.email} · ` : ''}
          {person.last_seen_at && <RelativeTime at={person.last_seen_at} long />}
        </div>
      </div>
      {!person.erased_at && (
        <div className={css.buttons}>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconDownload size={14} />}
            loading={busy}
            onClick={() => void take()}
            aria-label={`${t('erase.export')}: ${name}`}
          >
            {t('erase.export')}
          </Button>
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            leftSection={<IconEraser size={14} />}
            onClick={() => setErasing(true)}
            aria-label={`${t('erase.menu')} ${name}`}
          >
            {t('erase.menu')}
          </Button>
        </div>
      )}
      <EraseDialog
        contactId={person.id}
        opened={erasing}
        onClose={() => setErasing(false)}
        onErased={() => void refresh('people', 'exports', 'audit')}
      />
    </li>
  )
}
