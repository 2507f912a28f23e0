/**
 * `GET /v1/bfcache`: returns that the browser restored, and why it loaded the others anew. Raw rows of a subsample.
 *
 * A page view that was loaded anew says why. One that was restored says nothing, so it counts where its browser would have told:
 * Chromium began with these reasons in the version, 123, in which it began with the blocking time.
 */

import { sql } from 'drizzle-orm'
import type { BfcacheAnswer, BfcacheQuery } from '../../schema/api/bfcache.ts'
import { RELATIVE_ERROR } from '../../schema/domain/buckets.ts'
import { type ShareEstimate, shareIn } from '../../schema/domain/share.ts'
import type { Ms } from '../../schema/domain/units.ts'
import { pageviews } from '../../schema/storage/tables.ts'
import { weight } from '../histogram/samples-sql.ts'
import { matchesPageView } from '../query/filters.ts'
import { keptRows, type Retention } from '../query/kept.ts'
import { subsample } from '../query/subsample.ts'
import { named } from '../store/names.ts'
import { reasonsOf } from '../store/row-codec.ts'
import { type Preparer, prepare } from '../store/statement.ts'
import { rangeOf, short } from './summary.ts'

/** The most returns that are looked at in the worker, which has little CPU. */
const MAX_RETURNS = 4_000

const p = named(pageviews, 'p')
const TOLD = sql`(${p.navigation} = 'back-forward' AND ${p.bfcache} IS NOT NULL
  OR ${p.navigation} = 'back-forward-cache' AND ${p.blocking} IS NOT NULL)`

/** Weights of samples, their squares and their number. */
interface Sum {
  n: number
  q: number
  s: number
}

/** The reasons of the query's returns. Key: (site, hour, id). */
export async function readBfcache(
  d1: Preparer,
  asked: BfcacheQuery,
  retention: Pick<Retention, 'rawDays' | 'rawFrom'>,
  now: Ms,
): Promise<BfcacheAnswer> {
  const query = keptRows(asked, retention, now)
  const wanted = sql`${TOLD} AND ${matchesPageView(query.filters)}`
  const { oneIn, from, where } = await subsample(
    d1,
    query,
    { cost: sql`1`, matches: wanted, most: MAX_RETURNS },
    now,
  )
  const { results } = await prepare(
    d1,
    sql`SELECT ${weight(oneIn)} AS w,
        CASE ${p.navigation} WHEN 'back-forward' THEN ${p.bfcache} END AS text
      FROM ${from} WHERE ${where} AND ${wanted}`,
  ).all<{ w: number; text: string | null }>()

  const [all, restored] = [none(), none()]
  const found = new Map<string, Sum>()
  for (const { w, text } of results) {
    add(all, w)
    if (text === null) add(restored, w)
    for (const reason of reasonsOf(text) ?? []) {
      const sum = found.get(reason) ?? none()
      found.set(reason, sum)
      add(sum, w)
    }
  }
  const data = [...found]
    .toSorted(([a, { n }], [b, { n: other }]) => other - n || (a < b ? -1 : 1))
    .slice(0, query.limit)
    .map(([reason, sum]) => ({ reason, count: sum.n, samples: sum.s, share: partOf(sum, all) }))
  return {
    ...rangeOf(query),
    source: 'samples',
    relative_error: RELATIVE_ERROR,
    sampled: oneIn,
    count: all.n,
    samples: all.s,
    restored: all.n ? partOf(restored, all) : null,
    left_out: found.size - data.length,
    data,
  }
}

function none(): Sum {
  return { n: 0, q: 0, s: 0 }
}

function add(sum: Sum, w: number): void {
  sum.n += w
  sum.q += w * w
  sum.s++
}

function partOf(part: Sum, all: Sum): ShareEstimate {
  const { value, low, high } = shareIn(part, all)
  return { value: short(value), low: short(low), high: short(high) }
}
