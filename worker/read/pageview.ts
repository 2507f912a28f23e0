/**
 * One page view as the API answers it: a row of `pageviews` in the names, units and times of the answer.
 */

import type { SQL } from 'drizzle-orm'
import { type PageViewAnswer, UNREADABLE } from '../../schema/api/pageview.ts'
import { fromGrains, VITALS, vitalsInUnits } from '../../schema/domain/metrics.ts'
import { pageviews, type SiteRow } from '../../schema/storage/tables.ts'
import { INP_PARTS, inpParts, LCP_PARTS, lcpParts, startedBy, waits } from '../../schema/wire/attribution.ts'
import type { ApiCall, Attribution, PageError } from '../../schema/wire/pageview.ts'
import { selected } from '../store/names.ts'
import {
  attributionOf,
  blockingOf,
  callsOf,
  errorsOf,
  marksOf,
  NO_ATTRIBUTION,
  phasesOf,
  reasonsOf,
  serverOf,
  tagsOf,
} from '../store/row-codec.ts'

/** The columns that an answer is made from. */
const ANSWERED = [
  ...(['id', 'hour', 'began', 'weight', 'route', 'navigation', 'release', 'device', 'country'] as const),
  ...(['browser', 'browserVersion', 'os', 'connection'] as const),
  ...VITALS,
  ...([
    'phases',
    'server',
    'trace',
    'why',
    'calls',
    'marks',
    'tags',
    'blocking',
    'bfcache',
    'dropped',
    'callsCut',
    'marksCut',
  ] as const),
  ...(['errors', 'errorList'] as const),
] satisfies readonly (keyof typeof pageviews.$inferSelect)[]

/** A row of `pageviews`, as far as it is answered. */
export type StoredRow = Pick<typeof pageviews.$inferSelect, (typeof ANSWERED)[number]>

/** The columns of `pageviews AS p` that it takes. */
export const COLUMNS: SQL = selected(pageviews, 'p', ANSWERED)
/** The same with what only an export tells, so that an import leaves the same row. */
export const EXPORTED: SQL = selected(pageviews, 'p', [...ANSWERED, 'sequence', 'received'])
export type ExportedRow = StoredRow & Pick<typeof pageviews.$inferSelect, 'sequence' | 'received'>

/** The answer of a row. `traceLink` is the site's. */
export function toPageView(stored: StoredRow, traceLink: SiteRow['traceLink']): PageViewAnswer {
  const { id, weight, route, navigation, release, device, country, browser, os, connection } = stored
  const read = {
    phases: phasesOf(stored.phases),
    server: serverOf(stored.server),
    blocking: blockingOf(stored.blocking),
    bfcache: reasonsOf(stored.bfcache),
    why: attributionOf(stored.why),
    calls: callsOf(stored.calls),
    marks: marksOf(stored.marks),
    tags: tagsOf(stored.tags),
    errors: errorsOf(stored.errorList),
  }
  const traced = (id: string | null | undefined) =>
    id ? { id, url: traceLink?.replaceAll('{trace}', id) ?? null } : null
  // Without a document there are no phases to read.
  const unreadable = UNREADABLE.filter(column => stored[column] !== null && read[column] === null)
  const why = read.why ?? NO_ATTRIBUTION
  return {
    ...{ id, weight, route, navigation, release, device, country, browser },
    browser_version: stored.browserVersion,
    ...{ os, connection },
    ...vitalsInUnits(stored),
    began: new Date(stored.began).toISOString(),
    phases: read.phases,
    server: read.server && Object.fromEntries(read.server),
    trace: traced(stored.trace),
    blocking: read.blocking,
    bfcache: read.bfcache,
    why: toWhy(why, stored.lcp ?? 0),
    calls: toCalls(read.calls ?? [], why, stored.lcp).map(({ trace, ...call }) => ({
      ...call,
      trace: traced(trace),
    })),
    calls_dropped: stored.dropped + stored.callsCut,
    marks: read.marks ?? [],
    tags: read.tags ?? {},
    ...(stored.marksCut && { marks_dropped: stored.marksCut }),
    ...toErrors(read.errors ?? [], stored.errors),
    ...(unreadable.length && { unreadable }),
  }
}

/** The errors that a row lists, and how many more there were; null where nobody looked. */
function toErrors(list: PageError[], count: number | null): Pick<PageViewAnswer, 'errors' | 'errors_beyond'> {
  if (count === null) return { errors: null }
  const beyond = count - list.reduce((sum, { count }) => sum + count, 0)
  return { errors: list, ...(beyond > 0 && { errors_beyond: beyond }) }
}

/** Calls with what they meant to the vitals. */
function toCalls(calls: readonly ApiCall[], { lcp, inp }: Attribution, value: number | null) {
  const waited = lcp && value !== null ? waits(value, lcp, calls) : []
  const started = inp ? startedBy(inp, calls) : []
  return calls.map((call, i) => ({
    ...call,
    server: call.server && Object.fromEntries(call.server),
    waited: waited[i] ?? 0,
    started: started[i] ?? false,
  }))
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
