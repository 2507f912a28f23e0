/**
 * Calls, marks and errors as a row of `pageviews` keeps them: lists of their values, in the order of their types, since
 * names would cost more than values.
 */

import {
  type ApiCall,
  type Blocking,
  ERROR_KINDS,
  type Mark,
  OUTCOMES,
  type PageError,
} from '../wire/pageview.ts'

/** The bit of `received` that all later beacons of a page view share: JSON carries whole numbers below 2^53. */
export const LAST_BIT = 50
/** The bit that says that a page view's later beacons do not count for the loss. */
export const SILENT_BIT = 51

/** A call: its outcome by number, nulls at the end left out. */
export type RowCall = [
  endpoint: string,
  start: number,
  duration: number,
  outcome: number,
  status?: number | null,
  ttfb?: number | null,
  bytes?: number | null,
  server?: ApiCall['server'],
  trace?: string,
]

/** Calls, or marks, under the number of the beacon that brought them: `{"0":[...]}`. */
export function byBeacon(sequence: number, items: readonly unknown[]): string {
  return JSON.stringify(items.length ? { [sequence]: items } : {})
}

export function encodeMark({ name, value }: Mark): [string, number] {
  return [name, value]
}

/** An error, and how often it came. The first five tell errors apart, in roll-ups, too. */
export type RowError = [
  kind: string,
  message: string,
  script: string,
  line: number,
  column: number,
  count: number,
]

export function encodeError({ kind, message, script, line, column, count }: PageError): RowError {
  return [kind, message, script, line, column, count]
}

export function decodeError([kind, message, script, line, column, count]: RowError): PageError {
  return { kind: ERROR_KINDS.find(known => known === kind) ?? 'error', message, script, line, column, count }
}

export function encodeCall({ outcome, ...call }: ApiCall): unknown[] {
  const { endpoint, start, duration, status, ttfb, bytes, server, trace = null } = call
  const tuple = [endpoint, start, duration, OUTCOMES.indexOf(outcome), status, ttfb, bytes, server, trace]
  while (tuple[tuple.length - 1] === null) tuple.pop()
  return tuple
}

export function encodeBlocking({ load, after, hosts }: Blocking): unknown[] {
  return [load, after, hosts.map(({ load, after, host }) => [load, after, host])]
}

export function decodeCall([
  endpoint,
  start,
  duration,
  outcome,
  status = null,
  ttfb = null,
  bytes = null,
  server = null,
  trace,
]: RowCall): ApiCall {
  const call = { endpoint, start, duration, outcome: OUTCOMES[outcome] ?? 'ok', status, ttfb, bytes, server }
  return trace ? { ...call, trace } : call
}
