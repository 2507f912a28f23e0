/**
 * API calls: what the patch says of each and its resource timing entry come in, calls with endpoint and outcome go out.
 *
 * The outcome is what the page saw. The times are those of the entry, or, where there is none, of our own clock: no entry
 * comes of an answer that nobody reads and no cache may store (in Chromium), of what fails without an answer (in WebKit), of
 * what a policy refuses, and of what was preloaded.
 */

import { MAX_CALLS, MAX_SERVER } from '../schema/wire/beacon.ts'
import type { ApiCall, Outcome } from '../schema/wire/pageview.ts'
import { endpointOf, keyOf } from './address.ts'
import { changed } from './change.ts'
import type { Observers } from './observe.ts'
import { failureOf, type Note, type PatchCalls } from './patch.ts'
import { quietly } from './quietly.ts'
import type { Settings } from './settings.ts'
import { CUT, hidden } from './transport.ts'
import { at } from './views.ts'

/** What is read of a call's entry; without an answer there is less of it. */
type Timing = Pick<PerformanceResourceTiming, 'name' | 'startTime' | 'duration'> &
  Partial<
    Pick<
      PerformanceResourceTiming,
      'responseStart' | 'responseStatus' | 'transferSize' | 'encodedBodySize' | 'serverTiming'
    >
  >

/** Notes kept: of calls that have not ended, and of those that are told and whose entry may still come. */
const KEPT = 1000
/** ms within which two times are one: clocks are coarse, and sums are rounded. */
const SAME = 0.05
/** ms after which an answer's body is taken for one that nobody reads. */
const UNREAD = 1000

export interface Calls extends Pick<Observers, 'resource'> {
  /** Tells what is still to be told before beacons leave; as the page hides, of all calls. */
  _settle(leaving: boolean): void
}

/**
 * Reports each call that ends, except `own` (where beacons go), what the page wants to be left out, and what a router
 * fetches ahead. Without `patch`, methods are not known, and a call without an answer is left out: it may have been called
 * off.
 */
export function observeCalls(own: Settings, patch?: PatchCalls): Calls {
  let unloading = -CUT
  /** The latest first. */
  const notes: Note[] = []

  const tell = (entry: Timing, note?: Note): void => {
    const { startTime, name, duration } = entry
    // A call cut off by leaving says nothing of its endpoint, but has the entry of a failure, of an answer without
    // a body or, in Firefox, of one with half a body, which ends as it begins. Real ones of these few ms are lost too.
    const end = startTime + duration
    const view = at(startTime)
    if (
      !view ||
      // Firefox knows no times behind a service worker.
      !(note || duration) ||
      (end < unloading + CUT && (end > unloading - SAME || endsAsItBegins(entry))) ||
      (end < hidden + CUT && !entry.encodedBodySize) ||
      !/^http/.test(name) ||
      name === own._urls[0] ||
      own._ignore.some(text => name.replace(/\?.*/s, '').includes(text)) ||
      /[?&]_rsc=/.test(name) ||
      isAhead(note?._headers) ||
      !(patch || entry.responseStatus !== 0)
    )
      return
    changed()
    const outcome = outcomeOf(entry, note)
    const calls = view._calls
    if (view._taken++ >= MAX_CALLS) {
      // A failed call takes the place of one that has not failed, and of these an even sample stays, by algorithm R. What
      // has left stays.
      view._page.dropped++
      const others = calls.filter(hasNotFailed)
      const random = Math.random() * (others.length + (hasNotFailed({ outcome }) ? view._page.dropped : 0))
      const other = others[random | 0]
      if (!other) return
      calls.splice(calls.indexOf(other), 1)
    }
    // A call that was made before the patch is taken for a GET, as nearly all such calls are.
    calls.push(toCall(entry, patch ? 'GET ' : '', outcome, note))
  }

  const forget = (note: Note): void => {
    notes.splice(notes.indexOf(note), 1)
  }

  /** Tells a call that has ended. Without an entry its note stays, since the entry may come yet. */
  const close = quietly((note: Note) => {
    const { _entry } = note
    if (_entry) forget(note)
    note._told = true
    tell(_entry?.duration ? _entry : (note as Timing), note)
    note._body = note._headers = note._signal = note._answer = undefined
  })

  patch?.(
    note => {
      // One that is told makes room: the entry of a call that a policy refused never comes.
      if (notes.unshift(note) > KEPT) forget(notes.filter(note => note._told).pop() ?? note)
    },
    note => {
      if (!note._told && (note._entry || !note.encodedBodySize)) close(note)
      changed()
    },
  )

  const settle = (leaving: boolean): void => {
    for (const note of [...notes]) {
      const { startTime, duration, name, _entry, _answer, _told } = note
      // Of some promises nobody hears the end.
      if (_told || !(_entry || duration !== undefined)) continue
      if (!leaving && performance.now() - startTime - (duration ?? 0) < UNREAD) changed()
      else if (_entry || (_answer && (!_answer.bodyUsed || isPreloaded(name)))) close(note)
      else if (/^http/.test(name)) note._answer = undefined
      else forget(note)
    }
  }
  addEventListener('beforeunload', () => {
    unloading = performance.now()
  })
  return {
    _settle: settle,
    resource(entry) {
      const { initiatorType, name, startTime, duration } = entry
      if (!/^(fetch|x)/.test(initiatorType)) return
      const key = keyOf(name)
      // The latest call that began by then and was not over. Both times come from one clock, and the call is noted first.
      const note = notes.find(
        note =>
          note.startTime <= startTime &&
          startTime <= note.startTime + (note.duration ?? startTime) &&
          note.name === key,
      )
      if (!note) tell(entry)
      else if (note._told) forget(note)
      else {
        note._entry = entry
        if (note.duration === undefined) return
        if (!duration) note.duration = performance.now() - note.startTime
        close(note)
      }
    },
  }
}

/** What a router fetches before anybody wants it, by its headers. */
const isAhead = quietly(
  (headers: HeadersInit | undefined) =>
    headers && /(^|,)(rsc|next-router-prefetch),|purpose,prefetch/.test(`${[...new Headers(headers)]}`),
)

/** Its entry is that of the link. */
function isPreloaded(name: string): boolean {
  const [first] = performance.getEntriesByName(name)
  return (first as PerformanceResourceTiming | undefined)?.initiatorType === 'link'
}

function hasNotFailed({ outcome }: Pick<ApiCall, 'outcome'>): boolean {
  return /^[oa]/.test(outcome)
}

function endsAsItBegins({ startTime, duration, responseStart = 0 }: Timing): boolean {
  return startTime + duration - responseStart < SAME
}

/** What the page saw, unless the body broke off later. */
function outcomeOf(entry: Timing, { _status, _outcome, _signal }: Partial<Note> = {}): Outcome {
  const { responseStatus: status } = entry
  if (_outcome && !(_status && (status === 0 || (_signal?.aborted && endsAsItBegins(entry))))) return _outcome
  if (status === 0 || _outcome) return failureOf(_signal)
  return status && status >= 400 ? 'http' : 'ok'
}

/** `method` is that of a call without a note. */
function toCall(
  {
    name,
    startTime,
    responseStart = 0,
    duration,
    responseStatus,
    transferSize = 0,
    serverTiming = [],
  }: Timing,
  method: string,
  outcome: Outcome,
  note: Note | undefined,
): ApiCall {
  const status = (/ok|http/.test(outcome) && (note?._status ?? responseStatus)) || null
  // Cross-origin without Timing-Allow-Origin has no responseStart; Firefox invents one where nothing came.
  const seen = responseStart > 0 && status !== null
  // Told to secure pages only.
  const server = serverTiming
    .filter(({ duration }) => duration)
    .slice(0, MAX_SERVER)
    .map(({ name, duration }): [string, number] => [name, duration])
  return {
    endpoint: endpointOf(
      note ? `${note._method} `.toUpperCase() : method,
      new URL(name),
      note?._body,
      note?._headers,
    ),
    start: startTime,
    duration,
    outcome,
    status,
    ttfb: seen ? responseStart - startTime : null,
    bytes: seen ? transferSize : null,
    server,
  }
}
