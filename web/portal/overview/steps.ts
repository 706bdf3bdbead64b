// The first steps of a new company: their order, how many are done, and which one is next.
import type { Checklist } from 'client/types'

export const STEPS = ['verify', 'install', 'hello', 'answer', 'invite'] as const
export type Step = (typeof STEPS)[number]

const DONE: Record<Step, keyof Checklist> = {
  verify: 'email_verified',
  install: 'widget_installed',
  hello: 'first_conversation',
  answer: 'first_reply',
  invite: 'teammate_invited',
}

export const isDone = (checklist: Checklist, step: Step) => checklist[DONE[step]]

export function doneCount(checklist: Checklist): number {
  return STEPS.filter((step) => isDone(checklist, step)).length
}

export const allDone = (checklist: Checklist) => doneCount(checklist) === STEPS.length

/**
 * The step to show opened. The letter takes its time to arrive, so a fresh company is shown the script tag first:
 * that is what it came for.
 */
export function nextStep(checklist: Checklist): Step | null {
  const open = STEPS.filter((step) => !isDone(checklist, step))
  return open.find((step) => step !== 'verify') ?? open[0] ?? null
}
