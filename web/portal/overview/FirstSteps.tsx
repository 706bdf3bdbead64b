// From an empty account to the first answered customer, in five steps that tick themselves off.
import { Anchor, Button, UnstyledButton } from '@mantine/core'
import { IconCheck, IconChevronDown, IconConfetti } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { Checklist } from 'client/types'
import { useMe } from 'ui/session'
import { useChecklist, useInboxes } from '../data/api'
import { WidgetPreview } from '../inboxes/WidgetPreview'
import { Page } from '../shell/Page'
import { InviteDialog } from '../team/InviteDialog'
import css from './FirstSteps.module.css'
import { StepBody } from './StepBody'
import { doneCount, isDone, nextStep, STEPS, type Step } from './steps'

const LOOK_EVERY_MS = 4_000

export function FirstSteps(props: { checklist: Checklist; onSeen: () => void; onLeave: () => void }) {
  const { t } = useTranslation()
  const me = useMe()
  const { checklist, onSeen } = props
  useChecklist({ every: LOOK_EVERY_MS })
  const inboxes = useInboxes()
  const inbox = inboxes.data?.[0]
  const [chosen, setChosen] = useState<Step | 'none' | null>(null)
  const [inviting, setInviting] = useState(false)
  const done = doneCount(checklist)
  const opened = chosen ?? nextStep(checklist)
  const finished = done === STEPS.length

  useEffect(onSeen, [onSeen])
  // A step that completes hands over to the next one.
  useEffect(() => setChosen(null), [done])

  return (
    <Page
      wide
      title={t('steps.title', { name: me.agent.name })}
      text={t('steps.text')}
      actions={
        !finished && (
          <Anchor component="button" size="sm" c="dimmed" onClick={props.onLeave}>
            {t('steps.later')}
          </Anchor>
        )
      }
    >
      <div className={css.columns}>
        <div>
          <Progress done={done} />
          {finished && (
            <div className={css.finished} role="status">
              <span className={css.confetti} aria-hidden>
                <IconConfetti />
              </span>
              <div>
                <h2>{t('steps.finished')}</h2>
                <p>{t('steps.finished_text')}</p>
                <Button size="xs" onClick={props.onLeave}>
                  {t('steps.to_dashboard')}
                </Button>
              </div>
            </div>
          )}
          <ol className={css.list}>
            {STEPS.map((step, index) => {
              const ticked = isDone(checklist, step)
              const open = opened === step
              return (
                <li key={step} className={css.step} data-open={open || undefined} data-done={ticked || undefined}>
                  <UnstyledButton
                    className={css.head}
                    aria-expanded={open}
                    aria-controls={`step-${step}`}
                    onClick={() => setChosen(open ? 'none' : step)}
                  >
                    <span className={css.mark}>
                      {ticked ? <IconCheck size={15} stroke={2.6} aria-hidden /> : <span aria-hidden>{index + 1}</span>}
                    </span>
                    <span className={css.title}>
                      {t(`steps.${step}.title`)}
                      {ticked && <span className="fd-sr">{t('steps.done')}</span>}
                    </span>
                    <IconChevronDown size={17} aria-hidden className={css.chevron} />
                  </UnstyledButton>
                  <div id={`step-${step}`} className={css.body} hidden={!open}>
                    {open && <StepBody step={step} done={ticked} inbox={inbox} onInvite={() => setInviting(true)} />}
                  </div>
                </li>
              )
            })}
          </ol>
        </div>
        {inbox && (
          <aside className={css.preview}>
            <WidgetPreview inboxKey={inbox.key} settings={inbox.settings} companyName={me.account.name} />
            <p className={css.caption}>
              {t('steps.preview')}{' '}
              <Anchor component={Link} href={`/inboxes/${inbox.id}`} inherit underline="always">
                {t('steps.customise')}
              </Anchor>
            </p>
          </aside>
        )}
      </div>
      {/* Outside its step, which closes with the first invitation while the second may be in writing. */}
      <InviteDialog opened={inviting} onClose={() => setInviting(false)} />
    </Page>
  )
}

function Progress({ done }: { done: number }) {
  const { t } = useTranslation()
  const label = t('steps.progress', { done, all: STEPS.length })
  return (
    <div className={css.progress}>
      <div
        className={css.track}
        role="progressbar"
        aria-valuemin={0}
        aria-valuemax={STEPS.length}
        aria-valuenow={done}
        aria-label={label}
      >
        {STEPS.map((step, index) => (
          <i key={step} data-on={index < done || undefined} />
        ))}
      </div>
      <span aria-hidden>{label}</span>
    </div>
  )
}
