// Whether companies sign up here, or the installation is one company's own.
import { useEffect, useState } from 'react'
import { http } from 'ui/session'

export function useSignupOpen(): boolean {
  const [open, setOpen] = useState(true)
  useEffect(() => {
    http
      .get<{ open: boolean }>('/v1/signup', undefined, { auth: false })
      .then((state) => setOpen(state.open))
      .catch(() => undefined)
  }, [])
  return open
}
