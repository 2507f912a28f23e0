/**
 * `GET /v1/causes`: the causes of a vital. Raw rows of a subsample, told apart by their cause, counted as every
 * distribution is.
 *
 * D1 counts each step of a GROUP BY as rows read, so rows come to the worker as they are; only the causes that are
 * answered have their JSON parsed, and of each no more than `MAX_DETAILED` rows.
 */

import { type SQL, sql } from 'drizzle-orm'
import { ADVICE, type AdviceCode, clsAdvice, inpAdvice, lcpAdvice } from '../../schema/api/advice.ts'
import type { Cause, Caused, CausesAnswer, CausesQuery } from '../../schema/api/causes.ts'
import { RELATIVE_ERROR } from '../../schema/domain/buckets.ts'
import { collect, type Histogram } from '../../schema/domain/histogram.ts'
import { METRICS, rate, thresholds } from '../../schema/domain/metrics.ts'
import { type Percentile, percentiles } from '../../schema/domain/percentiles.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { sound } from '../histogram/safe-json.ts'
import { type Selection, weight } from '../histogram/samples-sql.ts'
import { matchesPageView } from '../query/filters.ts'
import { keptRows, type Retention } from '../query/kept.ts'
import { subsample } from '../query/subsample.ts'
import { named, texts } from '../store/names.ts'
import { attributionOf, callsOf, NO_ATTRIBUTION } from '../store/row-codec.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { type Detail, type Details, details } from './cause-details.ts'
import { inUnit, rangeOf } from './summary.ts'

/** The most page views that are looked at in the worker, which has little CPU. */
const MAX_PAGE_VIEWS = 4_000
/** Page views of one cause whose calls and parts are looked into. */
const MAX_DETAILED = 200

/** A page view with the metric, as it comes from D1. */
interface Row {
  id: string
  w: number
  x: number
  /** JSON list of what the cause is named by; null where the browser told none. */
  cause: string | null
  why: string | null
  calls: string
}

const p = named(pageviews, 'p')
const WHY = sound(texts(pageviews, 'p').why)
/** SQL of what tells causes apart. */
const NAMED: Record<Caused, string> = {
  lcp: `json_array(${WHY} ->> '$.lcp[0]')`,
  inp: `json_array(${WHY} ->> '$.inp[0]', ${WHY} ->> '$.inp[1]')`,
  cls: `json_array(${WHY} ->> '$.cls[0]')`,
}

/** One cause with its page views. */
interface Found {
  name: string[]
  rows: Row[]
  distribution: Histogram
  p75: Percentile
}

/** The causes of the query's metric. Key: (site, hour, id). */
export async function causes(
  d1: Preparer,
  asked: CausesQuery,
  retention: Pick<Retention, 'rawDays' | 'rawFrom'>,
  now: Ms,
): Promise<CausesAnswer> {
  const query = keptRows(asked, retention, now)
  const { metric, minimum, limit } = query
  const wanted = sql`${p[metric]} IS NOT NULL AND ${matchesPageView(query.filters)}`
  const selection = await subsample(d1, query, { cost: sql`1`, matches: wanted, most: MAX_PAGE_VIEWS }, now)
  const rows = await read(d1, metric, selection, wanted)

  const all = collect(rows, thresholds(metric))
  const found = grouped(rows, metric)
  const telling = found.filter(({ rows }) => rows.length >= minimum)
  const known = found.reduce((sum, { distribution }) => sum + distribution.n, 0)
  return {
    ...rangeOf(query),
    source: 'samples',
    relative_error: RELATIVE_ERROR,
    sampled: selection.oneIn,
    metric,
    unit: METRICS[metric].unit,
    count: all.n,
    samples: all.s,
    explained: all.n ? known / all.n : 0,
    left_out: found.length - telling.length,
    data: telling
      .toSorted((a, b) => scoreOf(b, query) - scoreOf(a, query) || b.distribution.n - a.distribution.n)
      .slice(0, limit)
      .map(cause => toCause(metric, cause, all.n)),
  }
}

async function read(
  d1: Preparer,
  metric: Caused,
  { oneIn, from, where }: Selection,
  wanted: SQL,
): Promise<Row[]> {
  const cause = sql.raw(`CASE WHEN ${WHY} ->> '$.${metric}[0]' IS NOT NULL THEN ${NAMED[metric]} END`)
  const calls = metric === 'cls' ? sql`'{}'` : p.calls
  const { results } = await prepare(
    d1,
    sql`SELECT ${p.id} AS id, ${weight(oneIn)} AS w, ${p[metric]} AS x, ${cause} AS cause,
        ${p.why} AS why, ${calls} AS calls
      FROM ${from} WHERE ${where} AND ${wanted}`,
  ).all<Row>()
  return results
}

function grouped(rows: readonly Row[], metric: Caused): Found[] {
  const byName = new Map<string, Row[]>()
  for (const row of rows) {
    if (row.cause === null) continue
    const list = byName.get(row.cause)
    if (list) list.push(row)
    else byName.set(row.cause, [row])
  }
  return [...byName].flatMap(([name, rows]) => {
    const distribution = collect(rows, thresholds(metric))
    const [p75] = percentiles(distribution, [75], thresholds(metric))
    return p75 ? [{ name: JSON.parse(name), rows, distribution, p75 }] : []
  })
}

function scoreOf({ distribution, p75 }: Found, { sort }: CausesQuery): number {
  if (sort === 'slowest') return p75.value
  return sort === 'busiest' ? distribution.n : distribution.n - distribution.good
}

function toCause(metric: Caused, { name, rows, distribution, p75 }: Found, total: number): Cause {
  const { n, s, good, poor } = distribution
  const value = inUnit(metric, p75.value)
  const rating = rate(metric, value)
  // Ids are random, so the first ones are a fair choice.
  const chosen = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, MAX_DETAILED)
  const looked = details(metric, chosen.map(detailOf), value)
  const [target = '', event = null] = name
  const code = rating === 'good' ? null : adviceOf(metric, target, looked)
  return {
    target,
    event: metric === 'inp' ? event : null,
    url: looked.url,
    count: n,
    samples: s,
    share: n / total,
    impact: (n - good) / total,
    p75: {
      value,
      low: p75.low === null ? null : inUnit(metric, p75.low),
      high: p75.high === null ? null : inUnit(metric, p75.high),
    },
    rating,
    shares: { good: good / n, needs_improvement: (n - good - poor) / n, poor: poor / n },
    parts: looked.parts,
    script: looked.script,
    shift: looked.shift,
    calls: looked.calls,
    advice: code && { code, ...ADVICE[code] },
  }
}

function detailOf({ w, x, why, calls }: Row): Detail {
  return { w, x, why: attributionOf(why) ?? NO_ATTRIBUTION, calls: callsOf(calls) ?? [] }
}

function adviceOf(metric: Caused, target: string, { parts, waited, scripted }: Details): AdviceCode | null {
  if (metric === 'cls') return clsAdvice(target)
  if (!parts) return null
  return metric === 'lcp' ? lcpAdvice(parts, waited) : inpAdvice(parts, scripted)
}
