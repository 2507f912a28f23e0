/**
 * The causes of a page view as lists of their values, as the wire and a row of `pageviews` keep them: names would cost more
 * than values.
 */

import type { Attribution, ClsCause, InpCause, LcpCause } from './pageview.ts'

/** The causes: each a list, or null. */
export interface AttributionLists {
  lcp?: LcpList | null | undefined
  inp?: InpList | null | undefined
  cls?: ClsList | null | undefined
}

export type LcpList = [
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
export function encodeAttribution({ lcp, inp, cls }: Attribution): AttributionLists | undefined {
  if (lcp || inp || cls)
    return { lcp: lcp && lcpList(lcp), inp: inp && inpList(inp), cls: cls && clsList(cls) }
}

export function decodeAttribution({ lcp, inp, cls }: AttributionLists): Attribution {
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
