// Something to look at while one waits, as the editor keeps it, and what each kind of it needs.
import type { ContentKind, WaitingContent } from 'client/types'

export const KINDS = ['card', 'coupon', 'article', 'video'] as const satisfies readonly ContentKind[]

export interface ContentDraft {
  kind: ContentKind
  title: string
  body: string
  media_url: string
  link_url: string
  coupon_code: string
  active: boolean
  pages: string[]
  tags: string[]
  team_ids: string[]
  locales: string[]
}

export const NEW: ContentDraft = {
  kind: 'card',
  title: '',
  body: '',
  media_url: '',
  link_url: '',
  coupon_code: '',
  active: true,
  pages: [],
  tags: [],
  team_ids: [],
  locales: [],
}

export function draftOf(content: WaitingContent): ContentDraft {
  const { kind, title, body, media_url, link_url, coupon_code, active, conditions } = content
  return {
    kind,
    title,
    body,
    media_url: media_url ?? '',
    link_url: link_url ?? '',
    coupon_code: coupon_code ?? '',
    active,
    pages: conditions.pages,
    tags: conditions.tags,
    team_ids: conditions.team_ids,
    locales: conditions.locales,
  }
}

export function bodyOf(draft: ContentDraft) {
  const { pages, tags, team_ids, locales } = draft
  return {
    kind: draft.kind,
    title: draft.title.trim(),
    body: draft.body.trim(),
    media_url: draft.media_url.trim() || null,
    link_url: draft.link_url.trim() || null,
    // Written for a coupon and kept while one tries another kind, it is not sent with that.
    coupon_code: draft.kind === 'coupon' ? draft.coupon_code.trim() || null : null,
    active: draft.active,
    conditions: { pages, tags, team_ids, locales },
  }
}

export function isWhole(draft: ContentDraft): boolean {
  const { title, body, media_url, link_url, coupon_code } = bodyOf(draft)
  if (!title) return false
  switch (draft.kind) {
    case 'video':
      return media_url !== null
    case 'coupon':
      return coupon_code !== null
    case 'article':
      return body !== '' || link_url !== null
    case 'card':
      return true
  }
}

/** How many of those who saw it followed it; null while nobody saw it. */
export function share({ impressions, clicks }: { impressions: number; clicks: number }): number | null {
  return impressions > 0 ? Math.min(1, clicks / impressions) : null
}
