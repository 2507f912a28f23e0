/**
 * What the API answers to a path, as the page needs it: asked once a path and once a beat of the live refresh, the one
 * before called off, the last answer kept while the next one is under way.
 */

import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import { ApiError, ask } from './client.ts'

export interface Answer<T> {
  data: T | null
  error: string
  busy: boolean
}

/** The beat, who is told that a token is no longer good, and how to ask anew at once. */
export const Live = createContext({ beat: 0, refuse: () => {}, again: () => {} })

/** Asks nothing where the path is empty. */
export function useAnswer<T>(path: string): Answer<T> {
  const { beat, refuse } = useContext(Live)
  const [answer, setAnswer] = useState<Answer<T>>({ data: null, error: '', busy: true })
  useEffect(() => {
    if (!path) return setAnswer({ data: null, error: '', busy: false })
    const running = new AbortController()
    const { signal } = running
    setAnswer(before => ({ ...before, busy: true }))
    ask<T>(path, { signal }).then(
      data => signal.aborted || setAnswer({ data, error: '', busy: false }),
      error => {
        if (signal.aborted) return
        if (error instanceof ApiError && error.status === 401) refuse()
        setAnswer({ data: null, error: String(error.message), busy: false })
      },
    )
    return () => running.abort()
  }, [path, beat])
  return answer
}
