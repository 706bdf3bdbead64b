// What is masked, while it is being chosen: words are typed one a line.
import type { Masking, MaskingChoice } from 'client/types'

export const MOST_WORDS = 500

export interface MaskingDraft extends Omit<MaskingChoice, 'words'> {
  lines: string
}

export const draftOf = ({ card_numbers, resident_ids, words, words_action }: Masking): MaskingDraft => ({
  card_numbers,
  resident_ids,
  lines: words.join('\n'),
  words_action,
})

/** The words in the order in which they stand; what is typed twice counts once. */
export function wordsOf(lines: string): string[] {
  const words = lines.split(/\r?\n/).map((line) => line.trim())
  return [...new Set(words.filter((word) => word !== ''))]
}

export const choiceOf = ({ lines, ...rest }: MaskingDraft): MaskingChoice => ({ ...rest, words: wordsOf(lines) })

export const isChanged = (now: Masking, draft: MaskingDraft) =>
  JSON.stringify(choiceOf(draft)) !== JSON.stringify(choiceOf(draftOf(now)))

/** The first word at fault and what is wrong with it, of errors keyed `words.3`; the list itself comes first. */
export function wordFault(
  errors: Record<string, string>,
  words: readonly string[],
): { word?: string; text: string } | null {
  if (errors['words']) return { text: errors['words'] }
  const key = Object.keys(errors).find((name) => /^words\.\d+$/.test(name))
  if (key === undefined) return null
  const [word, text] = [words[Number(key.slice('words.'.length))], errors[key] ?? '']
  return word === undefined ? { text } : { word, text }
}
