/**
 * Calls, causes and marks as a row of `pageviews` keeps them: lists of their values, in the order of their types, since
 * names would cost more than values. Records go in and lists come out, and back.
 */

import {
  type ApiCall,
  type ClsCause,
  type InpCause,
  type LcpCause,
  type Mark,
  OUTCOMES,
  type Why,
} from '../wire/pageview.ts'

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
]

/** The causes: those of the wire are the same lists. */
export interface RowWhy {
  lcp?: LcpList | null | undefined
  inp?: InpList | null | undefined
  cls?: ClsList | null | undefined
}

type LcpList = [
  target: string,
  url: string | null,
  loadDelay: number,
  loadDuration: number,
  renderDelay: number,
]

type InpList = [
  target: string,
  event: string,
  time: number,
  inputDelay: number,
  processing: number,
  presentation: number,
  script: [url: string, invoker: string, duration: number] | null,
]

type ClsList = [target: string, value: number, time: number]

/** Undefined where there are no causes. */
export function encodeWhy({ lcp, inp, cls }: Why): RowWhy | undefined {
  if (lcp || inp || cls)
    return { lcp: lcp && lcpList(lcp), inp: inp && inpList(inp), cls: cls && clsList(cls) }
}

export function encodeMark({ name, value }: Mark): [string, number] {
  return [name, value]
}

export function encodeCall({ outcome, ...call }: ApiCall): unknown[] {
  const { endpoint, start, duration, status, ttfb, bytes, server } = call
  const tuple = [endpoint, start, duration, OUTCOMES.indexOf(outcome), status, ttfb, bytes, server]
  while (tuple[tuple.length - 1] === null) tuple.pop()
  return tuple
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
]: RowCall): ApiCall {
  return { endpoint, start, duration, outcome: OUTCOMES[outcome] ?? 'ok', status, ttfb, bytes, server }
}

export function decodeWhy({ lcp, inp, cls }: RowWhy): Why {
  return { lcp: lcp ? lcpCause(lcp) : null, inp: inp ? inpCause(inp) : null, cls: cls ? clsCause(cls) : null }
}

function lcpList({ target, url, loadDelay, loadDuration, renderDelay }: LcpCause): LcpList {
  return [target, url, loadDelay, loadDuration, renderDelay]
}

function lcpCause([target, url, loadDelay, loadDuration, renderDelay]: LcpList): LcpCause {
  return { target, url: url || null, loadDelay, loadDuration, renderDelay }
}

function inpList({ target, event, time, inputDelay, processing, presentation, script }: InpCause): InpList {
  const run: InpList[6] = script && [script.url, script.invoker, script.duration]
  return [target, event, time, inputDelay, processing, presentation, run]
}

function inpCause([target, event, time, inputDelay, processing, presentation, run]: InpList): InpCause {
  const [url = '', invoker = '', duration = 0] = run ?? []
  const script = run && { url, invoker, duration }
  return { target, event, time, inputDelay, processing, presentation, script }
}

function clsList({ target, value, time }: ClsCause): ClsList {
  return [target, value, time]
}

function clsCause([target, value, time]: ClsList): ClsCause {
  return { target, value, time }
}
