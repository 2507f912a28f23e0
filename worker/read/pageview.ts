/**
 * One page view as the API answers it: a row of `pageviews` in the names, units and times of the answer.
 */

import { type SQL, sql } from 'drizzle-orm'
import { type PageViewAnswer, UNREADABLE } from '../../schema/api/pageviews.ts'
import { fromGrains } from '../../schema/domain/metrics.ts'
import { INP_PARTS, inpParts, LCP_PARTS, lcpParts, startedBy, waits } from '../../schema/wire/attribution.ts'
import type { Attribution } from '../../schema/wire/pageview.ts'
import { attributionOf, callsOf, marksOf, NO_ATTRIBUTION, phasesOf } from '../store/row-codec.ts'

/** A row as D1 names its columns. */
export interface StoredRow
  extends Pick<
    PageViewAnswer,
    | 'id'
    | 'weight'
    | 'route'
    | 'navigation'
    | 'release'
    | 'device'
    | 'country'
    | 'browser'
    | 'browser_version'
    | 'os'
    | 'connection'
    | 'lcp'
    | 'inp'
    | 'cls'
    | 'fcp'
    | 'ttfb'
  > {
  hour: number
  began: number
  phases: string | null
  why: string | null
  calls: string
  marks: string
  dropped: number
  marks_cut: number
}

/** The columns of `pageviews AS p` that it takes. */
export const COLUMNS: SQL = sql.raw(
  [
    ...['id', 'hour', 'began', 'weight', 'route', 'navigation', 'release', 'device', 'country', 'browser'],
    ...['browser_version', 'os', 'connection', 'lcp', 'inp', 'cls', 'fcp', 'ttfb', 'phases', 'why', 'calls'],
    ...['marks', 'marks_cut'],
  ]
    .map(column => `p.${column}`)
    .concat('p.dropped + p.calls_cut AS dropped')
    .join(', '),
)

export function toPageView({ hour: _, began, dropped, marks_cut, cls, ...row }: StoredRow): PageViewAnswer {
  const read = {
    phases: phasesOf(row.phases),
    why: attributionOf(row.why),
    calls: callsOf(row.calls),
    marks: marksOf(row.marks),
  }
  // Without a document there are no phases to read.
  const unreadable = UNREADABLE.filter(column => row[column] !== null && read[column] === null)
  const { why, calls } = { why: read.why ?? NO_ATTRIBUTION, calls: read.calls ?? [] }
  const waited = why.lcp && row.lcp !== null ? waits(row.lcp, why.lcp, calls) : []
  const started = why.inp ? startedBy(why.inp, calls) : []
  return {
    ...row,
    began: new Date(began).toISOString(),
    cls: cls === null ? null : fromGrains('cls', cls),
    phases: read.phases,
    why: toWhy(why, row.lcp ?? 0),
    calls: calls.map((call, i) => ({
      ...call,
      server: call.server && Object.fromEntries(call.server),
      waited: waited[i] ?? 0,
      started: started[i] ?? false,
    })),
    calls_dropped: dropped,
    marks: read.marks ?? [],
    ...(marks_cut && { marks_dropped: marks_cut }),
    ...(unreadable.length && { unreadable }),
  }
}

function toWhy({ lcp, inp, cls }: Attribution, value: number): PageViewAnswer['why'] {
  return {
    lcp: lcp && { target: lcp.target, url: lcp.url, parts: named(LCP_PARTS, lcpParts(value, lcp)) },
    inp: inp && {
      target: inp.target,
      event: inp.event,
      at: inp.time,
      parts: named(INP_PARTS, inpParts(inp)),
      script: inp.script,
    },
    cls: cls && { target: cls.target, score: fromGrains('cls', cls.value), at: cls.time },
  }
}

function named<K extends string>(names: readonly K[], values: readonly number[]): Record<K, number> {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? 0])) as Record<K, number>
}
