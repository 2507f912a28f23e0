/**
 * API calls: resource timing entries of fetch and XMLHttpRequest come in, calls with endpoint and outcome go out.
 */

import { MAX_CALLS, MAX_SERVER } from '../schema/beacon.ts'
import type { ApiCall, Outcome } from '../schema/pageview.ts'
import { endpointOf } from './address.ts'
import type { Observers } from './observe.ts'
import type { Note, OnFailure, TakeNote } from './patch.ts'
import { quietly } from './quietly.ts'
import type { Settings } from './settings.ts'
import { CUT, type Views } from './views.ts'

/** What is read of a call's entry; without an answer there is less of it. */
type Timing = Pick<PerformanceResourceTiming, 'name' | 'startTime' | 'duration'> &
  Partial<
    Pick<
      PerformanceResourceTiming,
      'responseStart' | 'responseStatus' | 'transferSize' | 'encodedBodySize' | 'serverTiming'
    >
  >

/**
 * Reports each call that ends, `own` (where beacons go) excepted: when it was made, and what tells the rest, which is
 * asked only of calls that are kept. Without `patch`, methods are not known, and a call without an answer is left out:
 * it may have been called off.
 */
export function observeCalls(
  own: Settings,
  views: Views,
  patch?: (onFailure: OnFailure) => TakeNote,
): Observers {
  let unloading = -CUT
  const see = (entry: Timing): void => {
    const { startTime, name } = entry
    // A call cut off by leaving says nothing of its endpoint, but has the entry of a failure, of an answer without
    // a body or, in Firefox, of one with half a body, which ends as it begins. Real ones of these few ms are lost too.
    const end = startTime + entry.duration
    const view = views._at(startTime)
    if (
      !view ||
      (end < unloading + CUT && (end >= unloading || end - (entry.responseStart ?? 0) < 0.05)) ||
      (end < views._hidden + CUT && !entry.encodedBodySize) ||
      !/^http/.test(name) ||
      name === own._url ||
      !(patch || entry.responseStatus !== 0)
    )
      return
    // Of a call that is only counted, the address is not looked at.
    const note = take?.(view._taken < MAX_CALLS ? name : '', startTime)
    const tell = () => {
      // A call that was made before the patch is taken for a GET, as nearly all such calls are.
      if (view._taken++ < MAX_CALLS) view._calls.push(toCall(entry, patch ? 'GET ' : '', note))
      else view._dropped++
      views._onChange()
    }
    if (note && !note._answer) note._tell = tell
    else tell()
  }
  const take = patch?.(
    quietly((name, startTime) =>
      see({ name, startTime, responseStatus: 0, duration: performance.now() - startTime }),
    ),
  )
  addEventListener('beforeunload', () => {
    unloading = performance.now()
  })
  return {
    resource(entry) {
      if (/^(fetch|x)/.test(entry.initiatorType)) see(entry)
    },
  }
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
  note: Note | undefined,
): ApiCall {
  /** 0: there was none, or it is hidden. Undefined: unknown. */
  const status: number | undefined = responseStatus ?? note?._answer?.status
  // Cross-origin without Timing-Allow-Origin has no responseStart; Firefox invents one where nothing came.
  const seen = responseStart > 0 && status !== 0
  // Told to secure pages only.
  const server = serverTiming
    .filter(({ duration }) => duration)
    .slice(0, MAX_SERVER)
    .map(({ name, duration }): [string, number] => [name, duration])
  return {
    endpoint: endpointOf(note ? `${note._method} `.toUpperCase() : method, new URL(name), note?._body),
    start: startTime,
    duration,
    outcome: outcomeOf(status, note),
    status: status || null,
    ttfb: seen ? responseStart - startTime : null,
    bytes: seen ? transferSize : null,
    server,
  }
}

function outcomeOf(status: number | undefined, note: Note | undefined): Outcome {
  if (status) return status < 400 ? 'ok' : 'http'
  if (note?._signal?.aborted) return 'aborted'
  return note?._opaque || status === undefined ? 'ok' : 'network'
}
