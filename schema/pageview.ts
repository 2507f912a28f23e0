/**
 * One page view as the browser saw it: what the SDK fills in, the beacon carries and the worker stores.
 */

import type { Phase, Vital } from './metrics.ts'

/** How the page view began, in the words of web-vitals. */
export const NAVIGATIONS = [
  'navigate',
  'reload',
  'back-forward',
  'back-forward-cache',
  'prerender',
  'restore',
  'soft-navigation',
] as const
export type Navigation = (typeof NAVIGATIONS)[number]

/** `navigator.connection.effectiveType`. */
export const CONNECTIONS = ['slow-2g', '2g', '3g', '4g'] as const
export type Connection = (typeof CONNECTIONS)[number]

/** How an API call ended: a status below 400, one from 400, no response, or called off by the page. */
export const OUTCOMES = ['ok', 'http', 'network', 'aborted'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** One call of fetch or XMLHttpRequest. Times in ms. */
export interface ApiCall {
  /** Method, host (own origin left out) and templated path: `GET /api/products/[id]`. */
  endpoint: string
  /** From the beginning of the page view to the call. */
  start: number
  duration: number
  outcome: Outcome
  status: number | null
  /** Time to first byte; null where the browser hides it (cross-origin without Timing-Allow-Origin). */
  ttfb: number | null
  /** Bytes transferred, headers included; null where hidden. */
  bytes: number | null
}

/** What one beacon says of a page view. */
export interface PageView {
  /** 16 random hex digits; lives as long as the page view. */
  id: string
  /** The beacon's number within its page view, from 0. */
  sequence: number
  /** The browser kept 1 of `weight` page views. */
  weight: number
  /** ms since the page view began, by the difference of two readings of the browser's clock. */
  age: number
  navigation: Navigation
  /** Name or template of the path: `/p/[id]`. Never a query string. */
  route: string
  release: string | null
  connection: Connection | null
  /** True where the device has a touch screen; tells an iPad from a Mac. */
  touch: boolean
  /** Grains; null where there is none (yet) or the browser cannot measure it. */
  vitals: Record<Vital, number | null>
  /** ms from navigation start to the end of each phase; null for navigations that load no document. */
  phases: Record<Phase, number> | null
  calls: ApiCall[]
}
