// What admins type, one word a line, is what is sent; and a refused word is found again.
import { describe, expect, it } from 'vitest'
import { choiceOf, draftOf, isChanged, wordFault, wordsOf } from './masking'

const now = {
  card_numbers: true,
  resident_ids: false,
  words: ['fool', '赌博'],
  words_action: 'refuse' as const,
  updated_at: '2026-11-30T00:00:00Z',
}

describe('a list of words', () => {
  it('has a word a line, each once, and no empty ones', () => {
    expect(wordsOf(' fool \r\n\n赌博\nbad thing\nfool\n   ')).toEqual(['fool', '赌博', 'bad thing'])
    expect(wordsOf('\n')).toEqual([])
  })

  it('is the same until something is changed', () => {
    const draft = draftOf(now)
    expect(choiceOf(draft)).toEqual({
      card_numbers: true,
      resident_ids: false,
      words: ['fool', '赌博'],
      words_action: 'refuse',
    })
    expect(isChanged(now, draft)).toBe(false)
    expect(isChanged(now, { ...draft, lines: 'fool\n\n赌博\n' })).toBe(false)
    expect(isChanged(now, { ...draft, lines: '赌博\nfool' })).toBe(true)
    expect(isChanged(now, { ...draft, card_numbers: false })).toBe(true)
    expect(isChanged(now, { ...draft, words_action: 'mask' })).toBe(true)
  })

  it('names the word at fault', () => {
    expect(wordFault({}, ['a'])).toBeNull()
    expect(wordFault({ 'words.1': 'Too long.' }, ['a', 'b'])).toEqual({ word: 'b', text: 'Too long.' })
    expect(wordFault({ 'words.7': 'Too long.' }, ['a'])).toEqual({ text: 'Too long.' })
    expect(wordFault({ 'words.0': 'Too long.', words: 'Too many.' }, ['a'])).toEqual({ text: 'Too many.' })
  })
})
