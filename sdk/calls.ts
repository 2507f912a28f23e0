/**
 * API calls: what the patch says of each and its resource timing entry come in, calls with endpoint and outcome go out.
 *
 * The outcome is what the page saw. The times are those of the entry, or, where there is none, of our own clock: no entry
 * comes of an answer that nobody reads and no cache may store (in Chromium), of what fails without an answer (in WebKit), of
 * what a policy refuses, and of what was preloaded.
 */

import { addressOf, keyOf } from './address.ts'
import { changed } from './change.ts'
import type { NameOperation } from './graphql.ts'
import type { Observers } from './observe.ts'
import { failureOf, type Note, type PatchCalls } from './patch.ts'
import { quietly } from './quietly.ts'
import { serverTiming } from './server-timing.ts'
import type { Settings } from './settings.ts'
import { CUT, hidden, unloading } from './transport.ts'
import { at } from './views.ts'

export interface Calls extends Pick<Observers, 'resource'> {
  /** Reports calls that have ended and may have no entry, before beacons leave. */
  _settle(): void
}

/** What is read of a call's entry; the call itself has less of it. */
type Timing = Pick<Note, 'startTime' | 'duration'> &
  Partial<
    Pick<
      PerformanceResourceTiming,
      'responseStart' | 'responseStatus' | 'transferSize' | 'encodedBodySize' | 'serverTiming'
    >
  >

/** Calls remembered: those that have not ended, and those that are told and whose entry may still come. */
const KEPT = 1000
/** ms from which on a call is slow, and its trace is told: rated poor. */
const SLOW = 1000

/**
 * Reports each call that ends, except `own` (where beacons go), what the page wants to be left out, and what a router
 * fetches ahead. Without `patch`, methods are not known, and a call without an answer is left out: it may have been called
 * off.
 */
export function observeCalls(own: Settings, patch?: PatchCalls, operationOf?: NameOperation): Calls {
  /** The latest first. */
  const notes: Note[] = []

  /** Reports a call that has ended. Without an entry its note stays, since the entry may come yet. */
  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one reading of a call: its conditions share a dozen values
  const report = quietly((note: Note, came: number = performance.now()) => {
    const { name, _method, _body, _headers, _signal, _status, _failure, _entry, _told } = note
    if (_told) return
    note._body = note._headers = note._signal = note._answer = undefined
    note._told = true
    // Firefox knows no times behind a service worker.
    const timing: Timing = _entry?.duration ? _entry : note
    const { startTime, duration, responseStart, responseStatus, transferSize } = timing
    const end = startTime + duration
    const view = at(startTime)
    // What the page saw. What breaks off behind the head of an error is one. Where nobody knows, as of WebKit's entries, which have
    // no status, an error would count as health.
    const known = _status ?? responseStatus
    const outcome =
      (known as number) >= 400
        ? 'http'
        : (_failure ?? (known || _status === 0 ? 'ok' : known === 0 && patch && failureOf(_signal)))
    if (
      !view ||
      !outcome ||
      // A call cut off by leaving says nothing of its endpoint, but has the entry of a failure, of an answer without
      // a body or, in Firefox, of one with half a body. What had ended by then is told by then.
      (came >= unloading && end < unloading + CUT) ||
      (came >= hidden && end < hidden + CUT && (_entry ? !_entry.encodedBodySize : _failure)) ||
      name === own._urls[0] ||
      own._ignore.some(text => name.replace(/\?.*/s, '').includes(text)) ||
      isAhead(name, _headers)
    )
      return
    changed()
    const status = (/ok|http/.test(outcome) && known) || null
    // Cross-origin without Timing-Allow-Origin has no responseStart; Firefox invents one where nothing came.
    const answered = (status && responseStart) || null
    const news = view._news
    // An even sample has a place, and of those that failed each. Of a busy page most have none, and end here.
    const _rank = Math.random() + +!/^[oa]/.test(outcome)
    let place = news.length
    if (++view._page.dropped > 0) {
      const ranks = news.map(one => one._rank)
      place = ranks.indexOf(Math.min(_rank, ...ranks))
      if (place < 0) return
    }
    const url = new URL(name)
    news[place] = {
      _rank,
      endpoint: _method + addressOf(url) + (operationOf?.(url, _body, _headers) ?? ''),
      start: startTime,
      duration,
      outcome,
      status,
      ttfb: answered && answered - startTime,
      bytes: answered && (transferSize as number),
      ...serverTiming(timing.serverTiming, outcome !== 'ok' || duration > SLOW),
    }
  })

  patch?.(
    note => {
      // One that is told makes room for one under way.
      if (notes.unshift(note) > KEPT)
        notes.splice(notes.indexOf(notes.filter(note => note._told).pop() ?? note), 1)
    },
    note => {
      if (note._entry || note._failure) report(note)
      changed()
    },
  )

  // What has ended by now, and has no entry, may never have one; a body that is being read ends with its entry.
  const settle = (): void => {
    for (const note of notes)
      if (note.duration < Number.POSITIVE_INFINITY && !note._answer?.bodyUsed) report(note)
  }
  return {
    _settle: settle,
    // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: split, it takes 14 bytes of the core
    resource(entry, came) {
      const { initiatorType, startTime, duration } = entry
      if (!/^(fetch|x\w+) http/.test(`${initiatorType} ${entry.name}`)) return
      const name = keyOf(entry.name)
      // The latest call that began by then and was not told and over. Both times come from one clock, and the call is noted first. In
      // WebKit entries begin some ms after their calls: of many alike, one may be over before another's entry begins.
      // Names are compared last: a busy page has many alike, and two of one length are compared to their end.
      const index = notes.findIndex(
        note =>
          note.startTime <= startTime &&
          !(note._told && note.startTime + note.duration < startTime) &&
          // A page may have its calls upgraded, which Chromium and WebKit tell in the entry's name.
          note.name.endsWith(name.slice(6)),
      )
      // A call that was made before the patch is taken for a GET, as nearly all such calls are. Firefox knows no times of one
      // behind a service worker.
      const note =
        index < 0
          ? ({ name, startTime, duration: duration || Number.NaN, _method: patch ? 'GET ' : '' } as Note)
          : (notes.splice(index, 1)[0] as Note)
      note._entry = entry
      if (note.duration >= 0) {
        if (!duration) note.duration = came - note.startTime
        report(note, came)
      }
    },
  }
}

/** What a router fetches before anybody wants it, by its address and headers. */
const isAhead = quietly((name: string, headers: HeadersInit | undefined) =>
  /[?&]_rsc=|,(rsc|next-router-prefetch),|purpose,prefetch/.test(`${[name, ...new Headers(headers)]}`),
)
