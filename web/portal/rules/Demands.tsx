// Skills that are asked for, each with the least level.
import { ActionIcon, Button, Input, Select } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Demand } from 'client/types'
import { useSkills } from '../data/api'
import css from './Rules.module.css'

export function Demands(props: {
  label: string
  text: string
  demands: readonly Demand[]
  onChange: (demands: Demand[]) => void
}) {
  const { t } = useTranslation()
  const skills = useSkills()
  const { demands } = props
  const free = (skills.data ?? []).filter((skill) => !demands.some((demand) => demand.skill_id === skill.id))
  const change = (id: string, part: Partial<Demand>) =>
    props.onChange(demands.map((demand) => (demand.skill_id === id ? { ...demand, ...part } : demand)))

  return (
    <Input.Wrapper label={props.label} description={props.text} labelElement="div">
      <ul className={css.demands} aria-label={props.label}>
        {demands.map((demand) => (
          <li key={demand.skill_id}>
            <Select
              className={css.skill}
              size="xs"
              aria-label={t('rules.skill')}
              allowDeselect={false}
              value={demand.skill_id}
              onChange={(skill_id) => skill_id && change(demand.skill_id, { skill_id })}
              data={(skills.data ?? [])
                .filter((skill) => skill.id === demand.skill_id || free.includes(skill))
                .map(({ id, name }) => ({ value: id, label: name }))}
            />
            <Select
              className={css.level}
              size="xs"
              aria-label={t('rules.level')}
              allowDeselect={false}
              value={String(demand.level)}
              onChange={(level) => level && change(demand.skill_id, { level: Number(level) })}
              data={[1, 2, 3, 4, 5].map((level) => ({ value: String(level), label: t('rules.at_least', { level }) }))}
            />
            <ActionIcon
              aria-label={t('rules.remove_skill')}
              onClick={() => props.onChange(demands.filter((each) => each.skill_id !== demand.skill_id))}
            >
              <IconTrash size={15} stroke={1.7} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      {free[0] && (
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconPlus size={13} />}
          onClick={() => props.onChange([...demands, { skill_id: free[0]!.id, level: 1 }])}
        >
          {t('rules.add_skill')}
        </Button>
      )}
      {skills.data?.length === 0 && <p className={css.none}>{t('rules.no_skills')}</p>}
    </Input.Wrapper>
  )
}
