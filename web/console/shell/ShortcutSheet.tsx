// Every key there is.
import { Kbd, Modal } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import css from './ShortcutSheet.module.css'
import { ALT, MOD } from './useShortcuts'

const GROUPS = [
  {
    title: 'move',
    keys: [
      ['J', 'next'],
      ['K', 'previous'],
      [`${MOD}+K`, 'jump'],
      ['Q', 'queue'],
      ['I', 'panel'],
      ['?', 'help'],
    ],
  },
  {
    title: 'act',
    keys: [
      ['E', 'resolve'],
      ['S', 'snooze'],
      ['A', 'assign'],
      ['M', 'assign_me'],
      ['T', 'transfer'],
      ['W', 'why'],
      [`${ALT}+Enter`, 'accept'],
      [`${ALT}+⌫`, 'decline'],
    ],
  },
  {
    title: 'write',
    keys: [
      ['R', 'reply'],
      ['N', 'note'],
      ['Enter', 'send'],
      ['Shift+Enter', 'newline'],
      ['Esc', 'leave'],
    ],
  },
] as const

export function ShortcutSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('shortcuts.title')}
      size={640}
      centered
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <div className={css.groups}>
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3 className={css.heading}>{t(`shortcuts.${group.title}`)}</h3>
            <dl className={css.list}>
              {group.keys.map(([keys, name]) => (
                <div key={name}>
                  <dt>{t(`shortcuts.${name}`)}</dt>
                  <dd>
                    {keys.split('+').map((key) => (
                      <Kbd key={key}>{key}</Kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  )
}
