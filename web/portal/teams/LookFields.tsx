// How a brand looks in the chat: a name, a colour and a picture of its own, each of which may be left as it is.
import { Button, Checkbox, FileButton, Group, TextInput } from '@mantine/core'
import { IconPhoto, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { BrandLook } from 'client/types'
import { ColorField } from '../inboxes/ColorField'
import css from './Teams.module.css'
import { shrunk } from './logo'

export function LookFields(props: {
  look: BrandLook
  errors: Record<string, string>
  onChange: (look: BrandLook) => void
}) {
  const { t } = useTranslation()
  const { look, errors } = props
  const [unreadable, setUnreadable] = useState(false)
  const set = (change: Partial<BrandLook>) => props.onChange({ ...look, ...change })

  async function take(file: File | null): Promise<void> {
    if (!file) return
    const logo = await shrunk(file)
    setUnreadable(logo === null)
    if (logo) set({ logo })
  }

  return (
    <div className={css.look}>
      <TextInput
        label={t('brands.display_name')}
        description={t('brands.display_name_text')}
        maxLength={80}
        value={look.display_name ?? ''}
        error={errors['look.display_name']}
        onChange={(event) => set({ display_name: event.currentTarget.value || null })}
      />
      <Checkbox
        label={t('brands.own_color')}
        checked={look.color !== null}
        onChange={(event) => set({ color: event.currentTarget.checked ? '#1f6feb' : null })}
      />
      {look.color !== null && (
        <ColorField value={look.color} error={errors['look.color']} onChange={(color) => set({ color })} />
      )}
      <div>
        <div className={css.logoLabel}>{t('brands.logo')}</div>
        <Group gap="sm">
          {look.logo && <img src={look.logo} alt={t('brands.logo')} className={css.logo} />}
          <FileButton accept="image/png,image/jpeg,image/webp" onChange={(file) => void take(file)}>
            {(button) => (
              <Button {...button} size="xs" variant="default" leftSection={<IconPhoto size={15} />}>
                {t('brands.choose_logo')}
              </Button>
            )}
          </FileButton>
          {look.logo && (
            <Button
              size="xs"
              variant="subtle"
              color="red"
              leftSection={<IconTrash size={15} />}
              onClick={() => set({ logo: null })}
            >
              {t('common.remove')}
            </Button>
          )}
        </Group>
        {(unreadable || errors['look.logo']) && (
          <p className={css.fault}>{errors['look.logo'] ?? t('brands.logo_unreadable')}</p>
        )}
      </div>
    </div>
  )
}
