// Inviting a colleague: an address, a role, and a letter is on its way. Several in a row without closing.
import { Button, Group, Radio, TextInput } from '@mantine/core'
import { IconCircleCheck } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiProblem } from 'client/http'
import type { Invitation } from 'client/types'
import { fieldErrors, problemText } from 'ui/problem'
import { ProblemAlert } from 'ui/ProblemAlert'
import { http, useMe } from 'ui/session'
import { useAgents, useInvitations, useRefresh, useRoles } from '../data/api'
import { asked, mayGive, nameOf } from '../roles/roles'
import { isLimit, LimitNotice } from '../shell/LimitNotice'
import { seats } from './seats'
import css from './Team.module.css'
import { Dialog } from '../shell/Dialog'

const ROLES = ['agent', 'supervisor', 'admin']

/** The everyday ones first, then the company's own. */
const place = (id: string) => (ROLES.includes(id) ? ROLES.indexOf(id) : ROLES.length)

export function InviteDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <Dialog opened={opened} onClose={onClose} title={t('team.invite')} size={480}>
      <Form onClose={onClose} />
    </Dialog>
  )
}

function Form({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const { limits, permissions, agent } = useMe()
  const mine = { permissions, visibility: agent.visibility }
  const roles = useRoles()
  const choices = (roles.data ?? []).filter((each) => mayGive(each, mine))
  const agents = useAgents()
  const invitations = useInvitations()
  const [email, setEmail] = useState('')
  const [chosen, setRole] = useState('agent')
  const role = choices.length === 0 || choices.some((each) => each.id === chosen) ? chosen : choices[0]!.id
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const [missing, setMissing] = useState(false)
  const [sent, setSent] = useState<string[]>([])
  const field = useRef<HTMLInputElement>(null)
  const { full, taken, limit, coming } = seats(agents.data ?? [], invitations.data ?? [], limits.agents)
  const member = problem instanceof ApiProblem && problem.code === 'already_member'
  const error = missing
    ? t('problem.email_invalid')
    : member
      ? problemText(t, problem)
      : fieldErrors(t, problem)['email']

  async function invite(): Promise<void> {
    if (!/^\S+@\S+$/.test(email.trim())) {
      setMissing(true)
      return
    }
    setBusy(true)
    setProblem(null)
    try {
      const invitation = await http.post<Invitation>('/v1/invitations', { email: email.trim(), ...asked(role) })
      setSent((before) => [...before.filter((each) => each !== invitation.email), invitation.email])
      setEmail('')
      field.current?.focus()
      await refresh('invitations', 'checklist')
    } catch (failure) {
      setProblem(failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <form
      noValidate
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault()
        void invite()
      }}
    >
      {sent.length > 0 && (
        <ul className={css.sent} role="status">
          {sent.map((address) => (
            <li key={address}>
              <IconCircleCheck size={17} aria-hidden />
              {t('team.sent', { email: address })}
            </li>
          ))}
        </ul>
      )}
      {isLimit(problem) || full ? <LimitNotice of="agents" /> : !error && <ProblemAlert problem={problem} />}
      <TextInput
        ref={field}
        data-autofocus
        type="email"
        inputMode="email"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={254}
        label={t('team.email')}
        placeholder={t('team.email_example')}
        value={email}
        error={error}
        onChange={(event) => {
          setEmail(event.currentTarget.value)
          setMissing(false)
          if (error) setProblem(null)
        }}
      />
      <Radio.Group label={t('team.role')} value={role} onChange={setRole}>
        <div className={css.roles}>
          {[...choices]
            .sort((a, b) => place(a.id) - place(b.id))
            .map((each) => (
              <Radio.Card key={each.id} value={each.id} className={css.roleCard ?? ''} radius="md">
                <Radio.Indicator size="xs" />
                <span className={css.option}>
                  <strong>{nameOf(t, each)}</strong>
                  <span>
                    {each.built_in
                      ? t(`team.can.${each.id}`)
                      : each.description || t(`roles.sees_text.${each.visibility}`)}
                  </span>
                </span>
              </Radio.Card>
            ))}
        </div>
      </Radio.Group>
      <Group justify="space-between" gap="xs">
        <span className={css.seats}>
          {limit !== null && agents.data && t('team.seats_left', { taken, limit, coming })}
        </span>
        <Group gap="xs">
          <Button variant="default" onClick={onClose}>
            {t(sent.length > 0 ? 'common.close' : 'common.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={full}>
            {t('team.send')}
          </Button>
        </Group>
      </Group>
    </form>
  )
}
