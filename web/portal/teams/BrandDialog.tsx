// A brand: its name, and when it is open where nothing in it says otherwise.
import { Button, Group, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Brand, BrandLook } from 'client/types'
import { fieldErrors } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http } from 'ui/session'
import { useHours, useRefresh } from '../data/api'
import { useNone } from '../setup/SetupList'
import { Dialog } from '../shell/Dialog'
import { LookFields } from './LookFields'

export function BrandDialog({ brand, onClose }: { brand: Brand | 'new' | null; onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <Dialog
      opened={brand !== null}
      onClose={onClose}
      title={t(brand === 'new' ? 'brands.create' : 'brands.edit')}
      size={480}
    >
      {brand && <Form brand={brand === 'new' ? null : brand} onClose={onClose} />}
    </Dialog>
  )
}

function Form({ brand, onClose }: { brand: Brand | null; onClose: () => void }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const none = useNone()
  const hours = useHours()
  const [name, setName] = useState(brand?.name ?? '')
  const [hoursId, setHoursId] = useState(brand?.business_hours_id ?? '')
  const [look, setLook] = useState<BrandLook>(brand?.look ?? { display_name: null, color: null, logo: null })
  const [missing, setMissing] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const errors = fieldErrors(t, problem)
  const error = missing ? t('problem.name_invalid') : errors['name']

  async function save(): Promise<void> {
    if (!name.trim()) return setMissing(true)
    setBusy(true)
    setProblem(null)
    const body = { name: name.trim(), business_hours_id: hoursId || null, look }
    try {
      if (brand) await http.put(`/v1/brands/${encodeURIComponent(brand.id)}`, body)
      else await http.post('/v1/brands', body)
      await refresh('brands', 'audit')
      onClose()
    } catch (failure) {
      setProblem(failure)
      setBusy(false)
    }
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <TextInput
        data-autofocus
        label={t('setup.name')}
        placeholder={t('brands.example')}
        maxLength={80}
        value={name}
        error={error}
        mb="md"
        onChange={(event) => {
          setName(event.currentTarget.value)
          setMissing(false)
        }}
      />
      <Select
        label={t('setup.hours')}
        allowDeselect={false}
        value={hoursId}
        onChange={(value) => setHoursId(value ?? '')}
        data={[
          none(t('setup.always_open')),
          ...(hours.data ?? []).map(({ id, name: label }) => ({ value: id, label })),
        ]}
        mb="md"
      />
      <LookFields look={look} errors={errors} onChange={setLook} />
      {Object.keys(errors).length === 0 && <ProblemAlert problem={problem} />}
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={busy}>
          {t('common.save')}
        </Button>
      </Group>
    </form>
  )
}
