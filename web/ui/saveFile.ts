// Hands a file to the browser, which keeps it where it keeps what is downloaded.
import type { FileAnswer } from 'client/http'

export function saveFile({ blob, name }: FileAnswer, otherwise: string): void {
  const address = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = address
  link.download = name ?? otherwise
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
