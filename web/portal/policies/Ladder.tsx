// The ladder: after so long, this is eased. In the order in which it happens, with every rung's own fault beside it.
import { ActionIcon, Button, NumberInput, Select } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useBrands, useTeams } from '../data/api'
import { faultOf, LONGEST_S, MOST_RUNGS, sorted, STEPS, withRung, type DraftRung, type StepKind } from './ladder'
import css from './Policies.module.css'

export function Ladder(props: {
  ladder: DraftRung[]
  errors: Record<string, string>
  onChange: (ladder: DraftRung[]) => void
}) {
  const { t } = useTranslation()
  const teams = useTeams()
  const brands = useBrands()
  const { ladder } = props
  const options = (list: { id: string; name: string }[] | undefined) =>
    (list ?? []).map(({ id, name }) => ({ value: id, label: name }))
  const change = (key: number, part: Partial<DraftRung>) =>
    props.onChange(ladder.map((rung) => (rung.key === key ? { ...rung, ...part } : rung)))

  return (
    <>
      <ol className={css.ladder}>
        {ladder.map((rung, at) => {
          const fault = faultOf(ladder, at)
          const refused = Object.entries(props.errors).find(([path]) => path.startsWith(`rules.ladder.${at}.`))?.[1]
          return (
            <li key={rung.key}>
              <NumberInput
                size="xs"
                aria-label={t('policies.after')}
                prefix={`${t('policies.after')} `}
                suffix={` ${t('policies.in_seconds')}`}
                min={1}
                max={LONGEST_S}
                allowDecimal={false}
                allowNegative={false}
                value={rung.after}
                error={fault === 'time' || fault === 'rising'}
                onChange={(value) => change(rung.key, { after: typeof value === 'number' ? value : '' })}
                // Put in its place once it is written, not while it is: the field must not run away.
                onBlur={() => props.onChange(sorted(ladder))}
              />
              <div className={css.step}>
                <Select
                  size="xs"
                  aria-label={t('policies.step')}
                  allowDeselect={false}
                  value={rung.kind}
                  onChange={(kind) => kind && change(rung.key, { kind: kind as StepKind })}
                  data={STEPS.map((value) => ({ value, label: t(`policies.steps.${value}`) }))}
                />
                {rung.kind === 'lower_level' && (
                  <Select
                    size="xs"
                    aria-label={t('policies.by')}
                    allowDeselect={false}
                    value={String(rung.by)}
                    onChange={(value) => value && change(rung.key, { by: Number(value) })}
                    data={[1, 2, 3, 4].map((by) => ({
                      value: String(by),
                      label: t('policies.levels', { count: by }),
                    }))}
                  />
                )}
                {(rung.kind === 'widen_to_team' || rung.kind === 'overflow_to_team') && (
                  <Select
                    size="xs"
                    aria-label={t('policies.to_team')}
                    placeholder={t('policies.choose_team')}
                    allowDeselect={false}
                    value={rung.team_id || null}
                    error={fault === 'team'}
                    onChange={(value) => value && change(rung.key, { team_id: value })}
                    data={options(teams.data)}
                  />
                )}
                {rung.kind === 'overflow_to_brand' && (
                  <Select
                    size="xs"
                    aria-label={t('policies.to_brand')}
                    placeholder={t('policies.choose_brand')}
                    allowDeselect={false}
                    value={rung.brand_id || null}
                    error={fault === 'brand'}
                    onChange={(value) => value && change(rung.key, { brand_id: value })}
                    data={options(brands.data)}
                  />
                )}
              </div>
              <ActionIcon
                aria-label={t('policies.remove_rung', { number: at + 1 })}
                onClick={() => props.onChange(ladder.filter((each) => each.key !== rung.key))}
              >
                <IconTrash size={16} stroke={1.7} />
              </ActionIcon>
              <p className={css.rungText}>
                {fault || refused ? (
                  <span className={css.fault} role="alert">
                    {fault ? t(`policies.fault.${fault}`) : refused}
                  </span>
                ) : (
                  t(`policies.step_text.${rung.kind}`)
                )}
              </p>
            </li>
          )
        })}
      </ol>
      {ladder.length < MOST_RUNGS && (
        <Button
          mt={ladder.length > 0 ? 'sm' : 0}
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={15} />}
          onClick={() => props.onChange(withRung(ladder))}
        >
          {t('policies.add_rung')}
        </Button>
      )}
    </>
  )
}
