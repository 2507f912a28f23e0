/**
 * API calls: resource timing entries of fetch and XMLHttpRequest come in, calls with endpoint and outcome go out.
 */

import type { ApiCall, Outcome } from '../schema/pageview.ts'
import { addressOf, keyOf } from './address.ts'
import type { Note, TakeNote } from './patch.ts'
import type { Settings } from './settings.ts'

/** ms for which leaving, begun, may cut off calls: Firefox does so at once, Chromium when the page hides. */
const CUT = 200

/** Reports each call that ends, `own` (where beacons go) excepted. Returns what reads the rest as the page hides. */
export function observeCalls(own: Settings, take: TakeNote, report: (call: ApiCall) => void): () => void {
  let cutting = 0
  const leave = (): void => {
    cutting = performance.now() + CUT
  }
  const read = (entries: PerformanceEntryList): void => {
    for (const entry of entries)
      try {
        if (!(entry instanceof PerformanceResourceTiming) || !/^(fetch|xml)/.test(entry.initiatorType))
          continue
        // A call cut off by leaving says nothing of its endpoint, but has the entry of a failure, or of an answer
        // without a body. Real ones of these few ms are lost too.
        if (performance.now() < cutting && !entry.encodedBodySize) continue
        const url = new URL(entry.name)
        const key = keyOf(url)
        if (key !== keyOf(own._url) && /^http/.test(url.protocol))
          report(toCall(entry, url, take(key, entry.startTime)))
      } catch {}
  }
  const observer = new PerformanceObserver(list => read(list.getEntries()))
  observer.observe({ type: 'resource', buffered: true })
  addEventListener('beforeunload', leave)
  return () => {
    leave()
    read(observer.takeRecords())
  }
}

/** A call that was made before the patch has no note; it is taken for a GET, as nearly all such calls are. */
function toCall(
  { startTime, responseStart, duration, responseStatus, transferSize }: PerformanceResourceTiming,
  url: URL,
  note: Note | undefined,
): ApiCall {
  /** 0: there was none, or it is hidden. Undefined: unknown. */
  const status: number | undefined = responseStatus ?? note?._answer.status
  // Cross-origin without Timing-Allow-Origin has no responseStart; Firefox invents one where nothing came.
  const seen = responseStart > 0 && status !== 0
  return {
    endpoint: `${note?._method ?? 'GET'} ${addressOf(url)}`,
    start: startTime,
    duration,
    outcome: outcomeOf(status, note),
    status: status || null,
    ttfb: seen ? responseStart - startTime : null,
    bytes: seen ? transferSize : null,
    server: null,
  }
}

function outcomeOf(status: number | undefined, note: Note | undefined): Outcome {
  if (status) return status < 400 ? 'ok' : 'http'
  if (note?._signal?.aborted) return 'aborted'
  return note?._opaque || status === undefined ? 'ok' : 'network'
}
