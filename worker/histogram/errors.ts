/**
 * Errors by their fingerprint, as SQL: the raw rows of an hour, or the hours of a day, as rows of `error_rollups`.
 *
 * Two page views of one hour, whose errors are `[["error","TypeError: x","/a.js",1,9,3]]` and the same once:
 *
 *     value                                errors
 *     ["error","TypeError: x","/a.js",1,9]  {"n":2,"s":2,"q":2,"times":4,"first":1795000000000,"last":1795000360000,
 *                                            "names":{"release":{"2.4.0":2},"browser":{"Chrome":2}}}
 *
 * - `seen` are the parts that are added up: each error of each page view, or each row of an hour.
 * - `named` gives each its name: its own if it is among the largest of the period, else `(other)`.
 * - `names` counts releases and browsers, the most frequent of each.
 */

import { type SQL, sql } from 'drizzle-orm'
import { OTHER } from '../../schema/domain/names.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { errorRollups, pageviews } from '../../schema/storage/tables.ts'
import { listed, named, texts } from '../store/names.ts'
import { BELIEVED } from './believed.ts'
import { ERROR_DIMENSIONS } from './dimensions.ts'
import { sound } from './safe-json.ts'

/** Fingerprints that keep a name in an hour, and in a day. */
const CAPS = { hour: 30, day: 60 }
/** Releases, and browsers, that a row counts. */
const MOST_NAMES = 8

/** What a row says of one error. */
export interface ErrorSum {
  /** Page views that had it, weighed; of `(other)` those of each error added up. */
  n: number
  /** Rows. */
  s: number
  /** Sum of squared weights. */
  q: number
  /** How often it came, weighed. */
  times: number
  /** Unix ms at which the first and the last page view with it began. */
  first: number
  last: number
  /** Weights of the page views, by release and by browser. */
  names: { release?: Record<string, number>; browser?: Record<string, number> }
}

const p = named(pageviews, 'p')
const r = named(errorRollups, 'r')
const [DIMENSION] = ERROR_DIMENSIONS.map(({ name }) => name)
const MOST = sql.raw(String(BELIEVED.errors))
const LIST = sql.raw(sound(texts(pageviews, 'p').errorList))
const SUM = sound(texts(errorRollups, 'r').errors)
const LENGTH = 6

/** `believedErrors` of the error `c` of a page view `p`. Its other errors are looked at where it claims too many. */
const TIMES = sql`CASE WHEN ${p.errors} <= ${MOST} THEN c.value ->> 5 ELSE (
      SELECT CASE WHEN sum(claim) <= ${MOST} THEN c.value ->> 5
        ELSE 1 + ((c.value ->> 5) - 1) * max(0.0, ${MOST} - count(*)) / (sum(claim) - count(*)) END
      FROM (SELECT b.value ->> 5 AS claim FROM json_each(${LIST}) AS b WHERE ${isError('b')})) END`

/** What is left of a fingerprint beyond the largest. */
export const OTHER_ERRORS = JSON.stringify([OTHER])

/** The rows of an hour. Key: (site, hour). */
export function errorsOfHour(site: string, hour: Hour): SQL {
  const one = (name: 'release' | 'browser') =>
    sql`json(CASE WHEN ${p[name]} IS NULL THEN '{}' ELSE json_object(${p[name]}, ${p.weight}) END)`
  const seen = sql`SELECT json_remove(c.value, '$[5]') AS value, ${p.weight} AS n, 1 AS s,
      CAST(${p.weight} AS REAL) * ${p.weight} AS q, ${p.weight} * ${TIMES} AS times, ${p.began} AS first, ${p.began} AS last,
      json_object('release', ${one('release')}, 'browser', ${one('browser')}) AS names
    FROM ${p.table} CROSS JOIN json_each(${LIST}) AS c
    WHERE ${p.site} = ${site} AND ${p.hour} = ${hour} AND ${p.errors} > 0
      AND ${isError('c')}`
  return summed('hour', seen)
}

/** The rows of a day, from its hours. Key: (site, tier, dimension, start). */
export function errorsOfDay(site: string, day: Hour): SQL {
  const field = (name: string) => sql.raw(`${SUM} ->> '$.${name}' AS ${name}`)
  const seen = sql`SELECT ${r.value} AS value, ${listed(...['n', 's', 'q', 'times', 'first', 'last', 'names'].map(field))}
    FROM ${r.table} WHERE ${r.site} = ${site} AND ${r.tier} = 'hour' AND ${r.dimension} = ${DIMENSION}
      AND ${r.start} >= ${day} AND ${r.start} < ${day + 24}`
  return summed('day', seen)
}

/** True for an item of a list that is an error. */
function isError(item: string): SQL {
  return sql.raw(`json_array_length(iif(${item}.type = 'array', ${item}.value, '[]')) = ${LENGTH}`)
}

/** (dimension, value, errors). */
function summed(tier: keyof typeof CAPS, seen: SQL): SQL {
  const cap = sql.raw(String(CAPS[tier]))
  return sql`WITH seen AS MATERIALIZED (${seen}),
    ranked AS (
      SELECT value, row_number() OVER (ORDER BY value = ${OTHER_ERRORS}, sum(s) DESC, value) AS place FROM seen GROUP BY value),
    named AS MATERIALIZED (
      SELECT CASE WHEN place <= ${cap} THEN value ELSE ${OTHER_ERRORS} END AS name, seen.*
      FROM ranked JOIN seen USING (value)),
    counted AS (
      SELECT name, k.key AS kind, v.key AS label, sum(v.value) AS n,
        row_number() OVER (PARTITION BY name, k.key ORDER BY sum(v.value) DESC, v.key) AS place
      FROM named CROSS JOIN json_each(named.names) AS k CROSS JOIN json_each(k.value) AS v GROUP BY 1, 2, 3),
    kinds AS (
      SELECT name, kind, json_group_object(label, n) AS labels FROM counted WHERE place <= ${sql.raw(String(MOST_NAMES))}
      GROUP BY name, kind),
    names AS (SELECT name, json_group_object(kind, json(labels)) AS names FROM kinds GROUP BY name),
    sums AS (
      SELECT name, sum(n) AS n, sum(s) AS s, sum(q) AS q, sum(times) AS times, min(first) AS first, max(last) AS last
      FROM named GROUP BY name)
    SELECT ${DIMENSION} AS dimension, sums.name AS value, json_object('n', n, 's', s, 'q', q, 'times', times,
      'first', first, 'last', last, 'names', json(coalesce(names, '{}'))) AS errors
    FROM sums LEFT JOIN names USING (name)`
}
