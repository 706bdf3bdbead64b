// The form around an editor's fields, with what is unsaved in sight at the bottom.
import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Warning } from 'client/types'
import { ProblemAlert } from 'ui/ProblemAlert'
import css from '../inboxes/InboxForm.module.css'
import { Stack } from '../shell/Page'
import type { Editor } from './useEditor'
import { Warnings } from './Warnings'

export function EditorForm<D>(props: {
  editor: Editor<D>
  warnings?: readonly Warning[]
  /** Something without which it cannot be saved is missing. */
  incomplete?: boolean
  children: ReactNode
}) {
  const { t } = useTranslation()
  const { editor } = props
  return (
    <form
      ref={editor.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void editor.save()
      }}
    >
      <Stack>
        {/* Above everything, also where a field says it too: the field may be far down. */}
        <ProblemAlert problem={editor.problem} />
        {!editor.dirty && props.warnings && <Warnings warnings={props.warnings} />}
        {props.children}
      </Stack>
      <div className={css.save} data-shown={editor.dirty || undefined} inert={!editor.dirty}>
        <span>{t('inboxes.unsaved')}</span>
        <Button variant="default" size="xs" onClick={editor.reset}>
          {t('inboxes.discard')}
        </Button>
        <Button type="submit" size="xs" loading={editor.busy} disabled={props.incomplete}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}
