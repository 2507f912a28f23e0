/**
 * Calls and marks as a row of `pageviews` keeps them: lists of their values, in the order of their types, since
 * names would cost more than values.
 */

import { type ApiCall, type Blocking, type Mark, OUTCOMES } from '../wire/pageview.ts'

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

export function encodeMark({ name, value }: Mark): [string, number] {
  return [name, value]
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
