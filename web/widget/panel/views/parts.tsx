// Small shared pieces: icons, faces, initials, texts with links.

import { linkify } from '../links'

const ICONS = {
  close: 'm6 6 12 12M18 6 6 18',
  down: 'm6 9.5 6 6 6-6',
  send: 'M5 12 4 5.2c-.1-.7.6-1.2 1.2-.9l15 7c.6.3.6 1.2 0 1.5l-15 7c-.6.3-1.3-.2-1.2-.9L5 12Zm0 0h6.5',
  clock: 'M12 7.5V12l2.8 1.8M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z',
  check: 'm5 12.5 4.4 4.4L19 7.3',
  checks: 'm2.5 12.5 4.2 4.2 9-9.2M11.6 15.6l1.1 1.1 9-9.2',
  alert: 'M12 8v4.6m0 3.3v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z',
  phone:
    'M5 4h3.6l1.7 4.4-2.2 1.6a12 12 0 0 0 5.9 5.9l1.6-2.2 4.4 1.7V19a1.8 1.8 0 0 1-2 1.8A15.8 15.8 0 0 1 3.2 6 1.8 1.8 0 0 1 5 4Z',
  mail: 'M4.5 5.5h15A1.5 1.5 0 0 1 21 7v10a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17V7a1.5 1.5 0 0 1 1.5-1.5ZM3.5 7.5 12 13l8.5-5.5',
  globe:
    'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0ZM3.5 9h17M3.5 15h17M12 3c2.4 2.6 3.5 5.6 3.5 9s-1.1 6.4-3.5 9c-2.4-2.6-3.5-5.6-3.5-9S9.6 5.6 12 3Z',
  pin: 'M12 21s7-6.2 7-11.5a7 7 0 1 0-14 0C5 14.8 12 21 12 21Zm0-9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  back: 'm14.5 6-6 6 6 6',
  forward: 'm9.5 6 6 6-6 6',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  pen: 'M4 20h4L19 9l-4-4L4 16v4ZM13 7l4 4',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M6.5 11h11A1.5 1.5 0 0 1 19 12.5v6a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5v-6A1.5 1.5 0 0 1 6.5 11Z',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z',
  cloud: 'M4 4l16 16M9.2 6.6A6 6 0 0 1 17.6 11 4.2 4.2 0 0 1 20 18.4M16 19H7.5a4.5 4.5 0 0 1-1-8.9',
} as const

export function Icon({ name, size = 20 }: { name: keyof typeof ICONS; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden="true">
      <path d={ICONS[name]} stroke="currentColor" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  )
}

/** A face whose mouth tells the rating. */
export function Face({ rating }: { rating: number }) {
  const bend = (rating - 3) * 2.6
  const height = 15.4 - bend / 4
  return (
    <svg class="face" viewBox="0 0 24 24" fill="none" aria-hidden="true">
      <circle cx="12" cy="12" r="9.6" stroke="currentColor" stroke-width="1.5" />
      <circle cx="8.8" cy="9.8" r="1.25" fill="currentColor" />
      <circle cx="15.2" cy="9.8" r="1.25" fill="currentColor" />
      <path
        d={`M7.9 ${height} Q12 ${height + bend} 16.1 ${height}`}
        stroke="currentColor"
        stroke-width="1.6"
        stroke-linecap="round"
      />
    </svg>
  )
}

/** One character for Chinese names, up to two letters for others. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean)
  const first = [...(words[0] ?? '')][0] ?? '?'
  if (/\p{Script=Han}/u.test(first) || words.length < 2) return first.toUpperCase()
  return (first + ([...words.at(-1)!][0] ?? '')).toUpperCase()
}

export function Avatar({ name, size = 'm' }: { name: string; size?: 's' | 'm' | 'l' }) {
  return (
    <span class={`avatar avatar-${size}`} aria-hidden="true">
      {initials(name)}
    </span>
  )
}

export function Linked({ text }: { text: string }) {
  return (
    <>
      {linkify(text).map((piece, i) =>
        piece.href ? (
          <a key={i} href={piece.href} target="_blank" rel="noopener noreferrer nofollow ugc">
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </>
  )
}
