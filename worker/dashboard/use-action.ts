/** What a button does that takes a while: a promise goes in, what came of it comes out, in words. */

import { useState } from 'preact/hooks'

type Run = (work: Promise<unknown>, done: string) => Promise<boolean>

/** What to say now, and a function that does the work and answers whether it was done. */
export function useWork(): [said: string, run: Run] {
  const [said, say] = useState('')
  const run: Run = (work, done) =>
    work.then(
      () => {
        say(done)
        return true
      },
      error => {
        say(String(error.message))
        return false
      },
    )
  return [said, run]
}
