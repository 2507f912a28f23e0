/**
 * What a response says of its server, in its Server-Timing header: named durations, and the trace that it was part of.
 *
 * @see https://www.w3.org/TR/server-timing/
 */

import { MAX_SERVER } from '../schema/wire/beacon.ts'
import type { ApiCall } from '../schema/wire/pageview.ts'

/**
 * The id within `traceparent;desc="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"`, `trace-id;desc="4bf92f..."`
 * or the like: 32 hex digits, or 16 of older tracers. Durations have as many digits, behind a colon or a point.
 */
const TRACE = /"trace[^}]*?[-"]([\da-f]{16,32})[-"\\]/i

/** Told to secure pages only. The trace is for what is `worth` it. */
export function serverTiming(
  timings: readonly PerformanceServerTiming[] = [],
  worth: boolean,
): Required<Pick<ApiCall, 'server' | 'trace'>> {
  return {
    server: timings
      .filter(({ duration }) => duration)
      .slice(0, MAX_SERVER)
      .map(({ name, duration }) => [name, duration]),
    trace: worth ? TRACE.exec(JSON.stringify(timings))?.[1] : null,
  }
}
