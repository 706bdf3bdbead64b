// What somebody is called in the company.
import type { TFunction } from 'i18next'

export function roleName(t: TFunction, who: { role: string; custom_role: { name: string } | null }): string {
  return who.custom_role?.name ?? t(`role.${who.role}`, { defaultValue: who.role })
}
