// The mark: a desk bell with a speech bubble's tail. Drawn here so that it follows the text colour.

export function LogoMark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <rect width="32" height="32" rx="9" fill="var(--fd-accent)" />
      <path d="M7.5 21.2c0-5.2 3.8-9.2 8.5-9.2s8.5 4 8.5 9.2z" fill="#fff" />
      <path d="M6.6 23.1h18.8" stroke="#fff" strokeWidth="2.2" strokeLinecap="round" />
      <circle cx="16" cy="9.3" r="1.9" fill="#fff" />
    </svg>
  )
}

export function Logo({ size = 24 }: { size?: number }) {
  return (
    <span
      style={{
        display: 'inline-flex',
        alignItems: 'center',
        gap: size * 0.4,
        fontWeight: 650,
        fontSize: size * 0.68,
        letterSpacing: '-0.01em',
      }}
    >
      <LogoMark size={size} />
      Frontdesk
    </span>
  )
}
