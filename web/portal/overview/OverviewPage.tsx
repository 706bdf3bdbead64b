// The front page: first steps while there are some, then how the desk is doing.
import { useState } from 'react'
import { ProblemState } from 'ui/ProblemAlert'
import { useCan } from 'ui/session'
import { NotForYou } from '../shell/Gate'
import { PageSkeleton } from '../shell/Page'
import { Dashboard } from './Dashboard'
import { FirstSteps } from './FirstSteps'
import { useFirstSteps } from './useFirstSteps'

export function OverviewPage() {
  const { checklist, shown, runsThePlace, putAside, done } = useFirstSteps()
  const seesNumbers = useCan('usage.read')
  // Whoever finishes the last step while looking deserves to see it, before the page turns into the dashboard.
  const [celebrating, setCelebrating] = useState(false)

  if (!runsThePlace) return seesNumbers ? <Dashboard /> : <NotForYou />
  if (checklist.isPending) return <PageSkeleton />
  if (!checklist.data) return <ProblemState problem={checklist.error} onRetry={() => void checklist.refetch()} />
  if (shown || celebrating) {
    return (
      <FirstSteps
        checklist={checklist.data}
        onSeen={() => setCelebrating(true)}
        onLeave={() => {
          setCelebrating(false)
          if (!done) putAside(true)
        }}
      />
    )
  }
  return <Dashboard onFirstSteps={done ? undefined : () => putAside(false)} />
}
