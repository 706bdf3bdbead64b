// Which company today?
import { Loader, UnstyledButton } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Me } from 'client/types'
import { PersonAvatar } from 'ui/PersonAvatar'
import { ProblemAlert } from 'ui/ProblemAlert'
import { session } from 'ui/session'
import { nextPage } from '../next'
import { Frame, Heading } from '../parts/Frame'
import css from './AccountChooser.module.css'
import { roleName } from 'ui/role'

export function AccountChooser({ me }: { me: Me }) {
  const { t } = useTranslation()
  const [going, setGoing] = useState<string | null>(null)
  const [problem, setProblem] = useState<unknown>(null)

  async function choose(id: string): Promise<void> {
    setGoing(id)
    setProblem(null)
    try {
      if (id !== me.account.id) await session.switchAccount(id)
      location.replace(nextPage())
    } catch (failure) {
      setProblem(failure)
      setGoing(null)
    }
  }

  return (
    <Frame>
      <Heading title={t('choose.title')} text={t('choose.text', { email: me.user.email })} />
      <ProblemAlert problem={problem} />
      <ul className={css.list}>
        {me.accounts
          .filter((each) => each.status === 'active')
          .map((account, index) => (
            <li key={account.id}>
              <UnstyledButton
                className={css.item}
                disabled={going !== null}
                autoFocus={index === 0}
                onClick={() => void choose(account.id)}
              >
                <PersonAvatar name={account.name} seed={account.id} size={40} />
                <span className={css.names}>
                  <span className={`${css.name} fd-truncate`}>{account.name}</span>
                  <span className={css.role}>{roleName(t, account)}</span>
                </span>
                {going === account.id ? (
                  <Loader size={18} aria-label={t('common.loading')} />
                ) : (
                  <IconChevronRight size={18} aria-hidden className={css.arrow} />
                )}
              </UnstyledButton>
            </li>
          ))}
      </ul>
    </Frame>
  )
}
