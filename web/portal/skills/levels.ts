// An agent's skills as a list, and as levels in a table; 0 is none.
import type { AgentSkill } from 'client/types'

export const LEVELS = [0, 1, 2, 3, 4, 5] as const

export function levelOf(skills: readonly AgentSkill[], skillId: string): number {
  return skills.find((skill) => skill.skill_id === skillId)?.level ?? 0
}

export function withLevel(skills: readonly AgentSkill[], skillId: string, level: number): AgentSkill[] {
  const others = skills.filter((skill) => skill.skill_id !== skillId)
  return level === 0 ? others : [...others, { skill_id: skillId, level }]
}
