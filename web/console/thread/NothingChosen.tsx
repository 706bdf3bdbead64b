// The middle of the screen before a conversation is chosen.
import { Anchor, Kbd } from '@mantine/core'
import { IconMessages } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { EmptyState } from 'ui/EmptyState'
import { MOD } from '../shell/useShortcuts'
import css from './ThreadPane.module.css'

export function NothingChosen({ onHelp }: { onHelp: () => void }) {
  const { t } = useTranslation()
  return (
    <div className={css.alone}>
      <EmptyState
        icon={<IconMessages />}
        title={t('thread.choose_title')}
        text={
          <>
            <Kbd>J</Kbd> <Kbd>K</Kbd> {t('thread.choose_move')} <Kbd>{MOD}</Kbd> <Kbd>K</Kbd> {t('thread.choose_jump')}
          </>
        }
        action={
          <Anchor component="button" size="sm" onClick={onHelp}>
            {t('shortcuts.show')}
          </Anchor>
        }
      />
    </div>
  )
}
