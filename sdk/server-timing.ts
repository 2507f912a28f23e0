/**
 * What a response says of its server, in its Server-Timing header: named durations, and the trace that it was part of.
 *
 * @see https://www.w3.org/TR/server-timing/
 */

import { MAX_SERVER } from '../schema/wire/beacon.ts'
import type { ApiCall } from '../schema/wire/pageview.ts'

/**
 * The id within `traceparent 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`, `trace-id 4bf92f...` or the like: 32
 * hex digits, or 16 of older tracers. The worker looks closer.
 */
const TRACE = /^trace.*?\b([\da-f]{16,32})\b/i

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
    trace: worth
      ? timings.map(({ name, description }) => TRACE.exec(`${name} ${description}`)?.[1]).find(Boolean)
      : null,
  }
}
