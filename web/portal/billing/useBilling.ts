// Doing something about the plan: the answer is what is now, and whatever follows from it is asked for again.
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { Billing } from 'client/types'
import { http, session, useMe } from 'ui/session'
import { useRefresh } from '../data/api'

export interface Change {
  method: 'POST' | 'PUT'
  path: string
  body: object
  /** What is said once it is done. */
  done: string
}

/** Fails as the request does; who calls it shows why. */
export function useChange(): (change: Change) => Promise<Billing> {
  const client = useQueryClient()
  const account = useMe().account.id
  const refresh = useRefresh()
  return useCallback(
    async ({ method, path, body, done }) => {
      const now = await http.request<Billing>(method, `/v1/billing/${path}`, { body })
      client.setQueryData([account, 'billing'], now)
      notifications.show({ color: 'teal', message: done, autoClose: 4000 })
      // The limits and the plan's name stand in the session too.
      void session.reload().catch(() => undefined)
      void refresh('invoice-preview', 'invoices', 'usage')
      return now
    },
    [client, account, refresh],
  )
}

/** Goes to a page of the payment provider. */
export async function goTo(path: 'portal' | 'checkout', body?: object): Promise<void> {
  const { url } = await http.post<{ url: string }>(`/v1/billing/${path}`, body)
  location.assign(url)
}
