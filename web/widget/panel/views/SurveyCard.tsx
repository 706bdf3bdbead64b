// Asks for a rating once the conversation is closed; thanks, and lets the visitor change their mind.

import { useState } from 'preact/hooks'
import { usePanel } from '../context'
import type { Word } from '../i18n'
import { Face } from './parts'

const RATINGS = [1, 2, 3, 4, 5] as const
const label = (rating: number) => `rating${rating}` as Word

export function SurveyCard() {
  const { state, actions, words } = usePanel()
  const { conversation } = state
  const survey = conversation?.survey
  const [editing, setEditing] = useState(false)
  const [rating, setRating] = useState(survey?.rating ?? 0)
  const [comment, setComment] = useState(survey?.comment ?? '')
  const [saving, setSaving] = useState<'no' | 'yes' | 'failed'>('no')
  if (!survey) return null
  const rated = survey.rating
  const open = conversation?.status === 'open'
  // Once the talk goes on the question is out of place; an answer already given stays visible.
  if (open && rated === null) return null

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (rating === 0 || saving === 'yes') return
    setSaving('yes')
    try {
      await actions.rate(rating, comment)
      setSaving('no')
      setEditing(false)
    } catch {
      setSaving('failed')
    }
  }

  if (rated !== null && !editing) {
    return (
      <li class="card thanks">
        <Face rating={rated} />
        <div role="status">
          <b>{words.t('surveyThanks')}</b>
          <p>{words.t('surveyRated', { rating: words.t(label(rated)) })}</p>
          {survey.comment && (
            <p class="quote" dir="auto">
              {survey.comment}
            </p>
          )}
          {!open && (
            <button
              type="button"
              class="link"
              onClick={() => {
                setRating(rated)
                setComment(survey.comment ?? '')
                setEditing(true)
              }}
            >
              {words.t('change')}
            </button>
          )}
        </div>
      </li>
    )
  }

  return (
    <li class="card survey">
      <form onSubmit={(event) => void submit(event)}>
        <fieldset>
          <legend>{words.t('surveyTitle')}</legend>
          <p>{words.t('surveyText')}</p>
          <div class="faces">
            {RATINGS.map((value) => (
              <label key={value} class={value === rating ? 'picked' : ''} title={words.t(label(value))}>
                <input
                  class="sr"
                  type="radio"
                  name="rating"
                  value={value}
                  checked={value === rating}
                  onChange={() => setRating(value)}
                />
                <Face rating={value} />
                <span class="sr">{`${value}: ${words.t(label(value))}`}</span>
              </label>
            ))}
          </div>
          <p class="picked-word" aria-hidden="true">
            {rating > 0 ? words.t(label(rating)) : `${words.t('rating1')} – ${words.t('rating5')}`}
          </p>
        </fieldset>
        {rating > 0 && (
          <>
            <label class="labelled">
              {words.t('comment')}
              <textarea
                rows={2}
                dir="auto"
                maxLength={2000}
                value={comment}
                placeholder={words.t('commentPlaceholder')}
                onInput={(event) => setComment(event.currentTarget.value)}
              />
            </label>
            {saving === 'failed' && (
              <p class="bad" role="alert">
                {words.t('saveFailed')}
              </p>
            )}
            <div class="buttons">
              {editing && (
                <button type="button" class="quiet" onClick={() => setEditing(false)}>
                  {words.t('cancel')}
                </button>
              )}
              <button type="submit" class="solid" aria-disabled={saving === 'yes'}>
                {words.t(saving === 'yes' ? 'saving' : 'surveySend')}
              </button>
            </div>
          </>
        )}
      </form>
    </li>
  )
}
