/** What a button does that takes a while: a promise goes in, what came of it comes out, in words. */

import { useState } from 'preact/hooks'
import { ApiError } from './client.ts'

/** A field that was refused, and why. */
export interface Fault {
  field: string
  reason: string
}

type Run = (work: Promise<unknown>, done: string) => Promise<boolean>

/** What to say now, and a function that does the work and answers whether it was done. */
export function useWork(): [said: string, run: Run, fault: Fault | null] {
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
  return [said, run, fault]
}
