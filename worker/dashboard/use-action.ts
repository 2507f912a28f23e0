/** What a button does that takes a while: a promise goes in, what came of it comes out, in words. */

import { useState } from 'preact/hooks'
import { ApiError } from './client.ts'

/** A field that was refused, and why. */
export interface Fault {
  field: string
  reason: string
}

type Run = (work: Promise<unknown>, done: string) => Promise<boolean>

/** What to say now, a function that does the work and answers whether it was done, and one that says no more. */
export function useWork(): [said: string, run: Run, fault: Fault | null, hush: () => void] {
  const [{ said, fault }, tell] = useState<{ said: string; fault: Fault | null }>({ said: '', fault: null })
  const run: Run = (work, done) =>
    work.then(
      () => {
        tell({ said: done, fault: null })
        return true
      },
      error => {
        const { message, field = '' } = error as ApiError
        const isFault = error instanceof ApiError && error.status === 400 && field
        const reason = message.replace(`${field} `, '').replace(/ \(400\)$/, '')
        tell(isFault ? { said: '', fault: { field, reason } } : { said: String(message), fault: null })
        return false
      },
    )
  const hush = () => (said || fault) && tell({ said: '', fault: null })
  return [said, run, fault, hush]
}

/** What a test message came to: one that was answered, but not delivered, has failed. */
export async function delivered(
  test: Promise<{ delivered: boolean; status: string | number | null }>,
): Promise<void> {
  const { delivered, status } = await test
  if (!delivered) throw new Error(`Not delivered: ${status}.`)
}
