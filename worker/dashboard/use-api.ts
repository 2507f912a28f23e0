/**
 * What the API answers to a path, and nothing else: an answer to another question is never shown under this one. The live
 * refresh of the same path keeps its numbers until new ones come, and so does a request that fails, which is repeated.
 */

import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import { HOUR } from '../../schema/domain/hour.ts'
import { ApiError, ask } from './client.ts'

export interface Answer<T> {
  /** The last answer to this very path; null until there is one. */
  data: T | null
  /** When it came, Unix ms. */
  at: number
  /** Why the latest request failed, and what to do; empty where it did not. */
  error: string
  busy: boolean
}

const NOTHING_YET = { data: null, at: 0, error: '', busy: true }

/** How long an answer may take, in ms: less than a beat, or a server that hangs would be asked anew and never said to be silent. */
const LONGEST_ANSWER = 30_000

/** How long a failed request waits until it is repeated, in ms: twice as long each time. */
const FIRST_RETRY = 2_000
const LONGEST_RETRY = 60_000

/** The beat, who is told that a token is no longer good, and how to ask anew at once. */
export const Live = createContext({ beat: 0, refuse: () => {}, again: () => {} })

/** Asks nothing where the path is empty; anew with each beat, or only once an hour where nothing changes within one. */
export function useAnswer<T>(path: string, hourly = false): Answer<T> {
  const { beat, refuse } = useContext(Live)
  const time = hourly ? Math.floor(Date.now() / HOUR) : beat
  const [kept, keep] = useState<Answer<T> & { path: string }>({ ...NOTHING_YET, path })
  useEffect(() => {
    if (!path) return
    const running = new AbortController()
    const change = (news: Partial<Answer<T>>) =>
      keep(before => ({ ...(before.path === path ? before : NOTHING_YET), ...news, path }))
    // What waits already, as at first, is not drawn again.
    const onAsk = () =>
      keep(before => (before.path === path && !before.busy ? { ...before, busy: true } : before))
    askAgain<T>(path, running.signal, { onAsk, change, refuse })
    return () => running.abort()
  }, [path, time])
  if (!path) return { ...NOTHING_YET, busy: false }
  return kept.path === path ? kept : NOTHING_YET
}

interface Hearer<T> {
  onAsk: () => void
  change: (news: Partial<Answer<T>>) => void
  refuse: () => void
}

/** Asks until there is an answer, or a failure that does not pass, or an end. */
function askAgain<T>(path: string, signal: AbortSignal, hearer: Hearer<T>, wait = FIRST_RETRY): void {
  const { onAsk, change, refuse } = hearer
  onAsk()
  ask<T>(path, { signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_ANSWER)]) }).then(
    data => signal.aborted || change({ data, at: Date.now(), error: '', busy: false }),
    error => {
      if (signal.aborted) return
      const { status = 0, field = '' } = error instanceof ApiError ? error : {}
      if (status === 401) refuse()
      change({ error: `${error.message} ${remedyFor(status, field)}`.trim(), busy: false })
      if (!isPassing(status)) return
      const timer = setTimeout(askAgain, wait, path, signal, hearer, Math.min(LONGEST_RETRY, wait * 2))
      signal.addEventListener('abort', () => clearTimeout(timer))
    },
  )
}

/** True where the same request may succeed later. */
function isPassing(status: number): boolean {
  return status === 0 || status === 429 || status >= 500
}

function remedyFor(status: number, field: string): string {
  if (isPassing(status)) return 'Trying again.'
  if (status === 403) return 'Sign in with a token that may see it.'
  return status === 404 && field !== 'id' ? 'Choose another site or range.' : ''
}
