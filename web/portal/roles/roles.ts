// Roles by name, and what may be given away: never more than one has.
import type { Permission, RoleView, Visibility } from 'client/types'
import type { TFunction } from 'i18next'

export const VISIBILITIES: readonly Visibility[] = ['all', 'teams', 'own']
/** What reaches every conversation, so that its holders must see them all. */
export const WIDE: readonly Permission[] = [
  'conversations.supervise',
  'routing.manage',
  'audit.read',
  'data.manage',
]

/** A role by its own name. */
export const nameOf = (t: TFunction, role: RoleView): string => (role.built_in ? t(`role.${role.id}`) : role.name)

/** What the server takes to make somebody this. */
export function asked(id: string): { role: string } | { custom_role_id: string } {
  return id.startsWith('role_') ? { custom_role_id: id } : { role: id }
}

const rank = (visibility: Visibility) => VISIBILITIES.indexOf(visibility)

/** Whether somebody with these rights and this sight may give the role away. */
export function mayGive(
  role: Pick<RoleView, 'id' | 'permissions' | 'visibility'>,
  mine: { permissions: readonly string[]; visibility: Visibility },
): boolean {
  return (
    role.id !== 'owner' &&
    role.permissions.every((permission) => mine.permissions.includes(permission)) &&
    rank(role.visibility) >= rank(mine.visibility)
  )
}

/** Whether the server will take these together. */
export const fits = (permissions: readonly Permission[], visibility: Visibility): boolean =>
  visibility === 'all' || !permissions.some((permission: Permission) => WIDE.includes(permission))
