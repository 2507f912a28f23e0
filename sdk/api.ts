/**
 * API calls: resource timing entries of fetch and XMLHttpRequest come in, calls with endpoint and outcome go out.
 */

import { MAX_MS, MAX_SERVER } from '../schema/beacon.ts'
import type { ApiCall, Outcome } from '../schema/pageview.ts'
import { addressOf, keyOf, operationOf } from './address.ts'
import { observe } from './lean/observe.ts'
import type { Note, OnFailure, TakeNote } from './patch.ts'
import type { Settings } from './settings.ts'

/** ms within which leaving, begun, cuts off calls: Firefox does so at once, Chromium when the page hides. */
const CUT = 200

/** What is read of a call's entry; without an answer there is less of it. */
type Timing = Pick<PerformanceResourceTiming, 'name' | 'startTime' | 'duration'> &
  Partial<
    Pick<
      PerformanceResourceTiming,
      'responseStart' | 'responseStatus' | 'transferSize' | 'encodedBodySize' | 'serverTiming'
    >
  >

/**
 * Reports each call that ends, `own` (where beacons go) excepted. Returns what reads the rest as the page hides.
 * Without `patch`, methods are not known, and a call without an answer is left out: it may have been called off.
 */
export function observeCalls(
  own: Settings,
  report: (call: ApiCall) => void,
  patch?: (onFailure: OnFailure) => TakeNote,
): () => void {
  let unloading = Number.NaN
  let hiding = 0
  const see = (entry: Timing, note?: Note): void => {
    try {
      // A call cut off by leaving says nothing of its endpoint, but has the entry of a failure, of an answer without
      // a body or, in Firefox, of one with half a body, which ends as it begins. Real ones of these few ms are lost too.
      const end = entry.startTime + entry.duration
      if (
        (end < unloading + CUT && (end >= unloading || end - (entry.responseStart ?? 0) < 0.05)) ||
        (end < hiding && !entry.encodedBodySize)
      )
        return
      const url = new URL(entry.name)
      const key = keyOf(url)
      if (key === keyOf(own._url) || !/^http/.test(url.protocol) || !(patch || entry.responseStatus !== 0))
        return
      const noted = note ?? take?.(key, entry.startTime)
      // A call that was made before the patch is taken for a GET, as nearly all such calls are.
      const tell = () => report(toCall(entry, url, patch ? 'GET ' : '', noted))
      if (noted?._answering) noted._answering.then(tell)
      else tell()
    } catch {}
  }
  const read = (entries: PerformanceEntryList): void => {
    for (const entry of entries)
      if (entry instanceof PerformanceResourceTiming && /^(fetch|xml)/.test(entry.initiatorType)) see(entry)
  }
  const take = patch?.(note => {
    const { _url: name, _start: startTime } = note
    const duration = performance.now() - startTime
    see({ name, startTime, duration, responseStatus: 0 }, note)
  })
  const observer = observe(['resource'], read)
  addEventListener('beforeunload', () => {
    unloading = performance.now()
  })
  return () => {
    hiding = performance.now() + CUT
    read(observer?.takeRecords() ?? [])
  }
}

/** `method` is that of a call without a note. */
function toCall(
  { startTime, responseStart = 0, duration, responseStatus, transferSize = 0, serverTiming = [] }: Timing,
  url: URL,
  method: string,
  note: Note | undefined,
): ApiCall {
  /** 0: there was none, or it is hidden. Undefined: unknown. */
  const status: number | undefined = responseStatus ?? note?._answer.status
  // Cross-origin without Timing-Allow-Origin has no responseStart; Firefox invents one where nothing came.
  const seen = responseStart > 0 && status !== 0
  // Told to secure pages only. Most browsers take anything for a duration.
  const server = serverTiming
    .filter(({ duration }) => duration > 0 && duration < MAX_MS)
    .slice(0, MAX_SERVER)
    .map(({ name, duration }): [string, number] => [name, duration])
  return {
    endpoint: `${note?._method ?? method}${addressOf(url)}${note?._operation ?? operationOf(url)}`,
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
