/**
 * API calls: resource timing entries of fetch and XMLHttpRequest come in, calls with endpoint and outcome go out.
 */

import type { ApiCall, Outcome } from '../schema/pageview.ts'
import { address, type Note, type Notes } from './patch.ts'
import { template } from './route.ts'

/** Reports each call that ends, `own` (where beacons go) excepted. Returns what reads entries not yet delivered. */
export function observeCalls(own: string, notes: Notes, report: (call: ApiCall) => void): () => void {
  const read = (entries: PerformanceEntryList): void => {
    for (const entry of entries) {
      if (!(entry instanceof PerformanceResourceTiming) || !/^(fetch|xml)/.test(entry.initiatorType)) continue
      const url = address(entry.name)
      if (url.href === own || !/^http/.test(url.protocol)) continue
      report(toCall(entry, url, notes._take(url.href, entry.startTime)))
    }
  }
  const observer = new PerformanceObserver(list => read(list.getEntries()))
  observer.observe({ type: 'resource', buffered: true })
  return () => read(observer.takeRecords())
}

/** A call that was made before the patch has no note; it is taken for a GET, as nearly all such calls are. */
function toCall(entry: PerformanceResourceTiming, url: URL, note: Note | undefined): ApiCall {
  const { startTime, responseStart, responseEnd, responseStatus, transferSize } = entry
  const status = responseStatus || note?._status || null
  // Cross-origin without Timing-Allow-Origin has no responseStart; Firefox invents one where nothing came.
  const seen = responseStart > 0 && responseStatus !== 0
  return {
    endpoint: `${note?._method ?? 'GET'} ${url.origin === location.origin ? '' : url.host}${template(url.pathname)}`,
    start: startTime,
    duration: Math.max(0, responseEnd - startTime),
    outcome: outcomeOf(entry, status, note),
    status,
    ttfb: seen ? responseStart - startTime : null,
    bytes: seen ? transferSize : null,
  }
}

function outcomeOf(
  { responseEnd, responseStatus }: PerformanceResourceTiming,
  status: number | null,
  note: Note | undefined,
): Outcome {
  // Firefox tells the status of a call that was aborted within its body. An abort after the end changes nothing.
  if (note?._aborted && (!status || note._aborted <= responseEnd)) return 'aborted'
  if (status) return status < 400 ? 'ok' : 'http'
  return note?._opaque || (responseStatus === undefined && !note?._failed) ? 'ok' : 'network'
}
