// Sites that may show the widget; an empty list means any. Whole addresses may be pasted, many at once.
import { Pill, PillsInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { MOST_DOMAINS, parseDomains } from './domains'

export function DomainsField(props: { value: string[]; error?: string; onChange: (domains: string[]) => void }) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const [bad, setBad] = useState<string[]>([])
  const { value, onChange } = props

  function take(input: string): void {
    const found = parseDomains(input)
    if (found.good.length > 0) onChange([...new Set([...value, ...found.good])].slice(0, MOST_DOMAINS))
    setBad(found.bad)
    setText(found.bad.join(' '))
  }

  return (
    <PillsInput
      label={t('inboxes.domains')}
      description={t(value.length === 0 ? 'inboxes.domains_any' : 'inboxes.domains_text')}
      error={bad.length > 0 ? t('problem.domain_invalid') : props.error}
    >
      <Pill.Group>
        {value.map((domain) => (
          <Pill
            key={domain}
            withRemoveButton
            removeButtonProps={{
              'aria-label': t('inboxes.domain_remove', { domain }),
              'aria-hidden': false,
              tabIndex: 0,
            }}
            onRemove={() => onChange(value.filter((each) => each !== domain))}
          >
            {domain}
          </Pill>
        ))}
        <PillsInput.Field
          placeholder={value.length === 0 ? 'shop.example.com' : ''}
          value={text}
          inputMode="url"
          autoCapitalize="none"
          spellCheck={false}
          aria-label={t('inboxes.domains')}
          onChange={(event) => {
            const input = event.currentTarget.value
            setBad([])
            if (/[\s,;，；]/.test(input)) take(input)
            else setText(input)
          }}
          onBlur={() => text.trim() && take(text)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
              event.preventDefault()
              if (text.trim()) take(text)
            } else if (event.key === 'Backspace' && !text && value.length > 0) {
              event.preventDefault()
              onChange(value.slice(0, -1))
            }
          }}
        />
      </Pill.Group>
    </PillsInput>
  )
}
