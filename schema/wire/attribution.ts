/**
 * What belongs together in one page view: which of its API calls the LCP waited for, and which the interaction of the INP
 * started.
 */

import type { ApiCall, InpCause, LcpCause } from './pageview.ts'

/** The parts that an LCP or an INP is the sum of, in the order in which they pass. */
export const LCP_PARTS = ['ttfb', 'load_delay', 'load_duration', 'render_delay'] as const
export const INP_PARTS = ['input_delay', 'processing', 'presentation'] as const
export type Part = (typeof LCP_PARTS | typeof INP_PARTS)[number]

type Times = Pick<ApiCall, 'start' | 'duration'>

/** The four parts of an LCP of `lcp` ms, in ms. The first one is what the other three leave. */
export function lcpParts(lcp: number, { loadDelay, loadDuration, renderDelay }: LcpCause): number[] {
  return [Math.max(0, lcp - loadDelay - loadDuration - renderDelay), loadDelay, loadDuration, renderDelay]
}

/** The three parts of an INP, in ms. */
export function inpParts({ inputDelay, processing, presentation }: InpCause): number[] {
  return [inputDelay, processing, presentation]
}

/**
 * For each call, how many ms an LCP of `lcp` ms can have waited for it; 0 for those it did not wait for.
 *
 * A page waits for an API before it asks for the image (the load delay) or before it renders (the render delay). So a
 * wait is the time that call and delay have in common, if the call ended within the delay: what ended later cannot
 * have been waited for, and what ran while the image loaded was not in the way.
 */
export function waits(lcp: number, cause: LcpCause, calls: readonly Times[]): number[] {
  const [ttfb = 0, loadDelay = 0, , renderDelay = 0] = lcpParts(lcp, cause)
  const delays = [
    [ttfb, ttfb + loadDelay],
    [lcp - renderDelay, lcp],
  ] as const
  return calls.map(({ start, duration }) => {
    const end = start + duration
    const delay = delays.find(([from, to]) => end > from && end <= to)
    return delay ? end - Math.max(start, delay[0]) : 0
  })
}

/** For each call, whether the interaction started it: in its handlers or before the next frame was painted. */
export function startedBy(cause: InpCause, calls: readonly Times[]): boolean[] {
  const from = cause.time + cause.inputDelay
  const to = from + cause.processing + cause.presentation
  return calls.map(({ start }) => start >= from && start <= to)
}
