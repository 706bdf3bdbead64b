// Scopes sorted by what they are about, whatever the server offers.

export interface ScopeGroup {
  noun: string
  scopes: string[]
}

const VERBS = ['read', 'reply', 'write', 'assign', 'manage']
const rank = (scope: string) => {
  const at = VERBS.indexOf(scope.split('.')[1] ?? '')
  return at < 0 ? VERBS.length : at
}

export function groupScopes(permissions: readonly string[]): ScopeGroup[] {
  const groups = new Map<string, string[]>()
  for (const scope of permissions) {
    const noun = scope.split('.')[0] ?? scope
    groups.set(noun, [...(groups.get(noun) ?? []), scope])
  }
  return [...groups].map(([noun, scopes]) => ({ noun, scopes: scopes.sort((a, b) => rank(a) - rank(b)) }))
}

export const readOnly = (permissions: readonly string[]) => permissions.filter((scope) => scope.endsWith('.read'))
