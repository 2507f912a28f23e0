/**
 * Days, as SQL: the sum of a day's hours, with the same caps. So the cost of a day does not grow with the traffic.
 *
 * Two hours of the dimension `route`, of one metric, where the day keeps one name:
 *
 *     hour   value            n    h
 *     10     ["/a"]           40   {"320": 40}
 *     10     ["/b"]           10   {"352": 10}
 *     11     ["(other)"]      60   {"320": 60}      /a had 2 of these
 *
 * - `named` ranks the parts by samples (`dense_rank`), `(other)` always last: /a keeps its name, /b becomes `(other)`.
 * - `parts` are the histograms of the hours under these names, one row each.
 * - `totals` and `buckets` add them up: /a has n 40 and h {"320": 40}; `(other)` has n 70 and h {"320": 60, "352": 10}.
 * - `others`, `unnamed` and `shown` find what may hide: hour 11 has 60 in `(other)` and no row of /a, so /a gets
 *   `hidden: 60`. Its true count is 40 to 100 (it is 42).
 */

import { type SQL, sql } from 'drizzle-orm'
import { OTHER } from '../../schema/domain/names.ts'
import type { Hour } from '../../schema/domain/units.ts'
import { apiRollups, rollups } from '../../schema/storage/tables.ts'
import { FAILURES } from '../../schema/wire/pageview.ts'
import { NO_SQL, named } from '../store/names.ts'
import {
  type CappedKey,
  capOf,
  columnSql,
  type HISTOGRAMS,
  isCapped,
  type RollupColumn,
  type RollupDimension,
} from './dimensions.ts'
import { unlessMixed } from './histogram-sql.ts'

/** A roll-up row: the three tables have these columns in common. */
const r = named(rollups, 'r')

/** The fields of a histogram that add up, beside its buckets. */
const SUMS = ['n', 's', 'q', 'good', 'poor']
const CALL_SUMS = [...SUMS, ...FAILURES, 'aborted', 'omitted', 'ff', 'mf']

/**
 * One day of one dimension from its table: (value, metric, histogram), the largest by the first of `columns` with a name of
 * their own. Key: (site, tier, dimension, start).
 */
export function dayOf(
  table: (typeof HISTOGRAMS)[number]['table'],
  columns: readonly [RollupColumn, ...RollupColumn[]],
  site: string,
  day: Hour,
  dimension: RollupDimension,
): SQL {
  const sums = table === apiRollups ? CALL_SUMS : SUMS
  const clustered = table !== rollups
  const cases = columns.map(name => sql`WHEN ${sql.raw(`'${name}'`)} THEN ${columnSql(name)}`)
  const column = sql`CASE m.value ${sql.join(cases, sql` `)} END`
  const hidden = hiddenIn(dimension, column, columns)
  const summed = sums.map(name => sql.raw(`coalesce(sum(histogram ->> '${name}'), 0) AS ${name}`))
  const fields = sums.map(name => sql.raw(`'${name}', t.${name}`))
  const samples = sql`coalesce(${columnSql(columns[0])} ->> 's', 0)`
  return sql`WITH hours AS MATERIALIZED (
      SELECT r.*, ${samples} AS samples FROM ${named<typeof table>(table, 'r').table}
      WHERE ${r.site} = ${site} AND ${r.tier} = 'hour' AND ${r.dimension} = ${dimension.name}
        AND ${r.start} >= ${day} AND ${r.start} < ${day + 24}),
    named AS (${dayNames(dimension)}),
    ${hidden.tables}
    parts AS MATERIALIZED (
      SELECT named.name AS value, m.value AS metric, ${column} AS histogram,
        ${column} -> '$.v' AS v, (${column} ->> '$.q') / (${column} ->> '$.n') AS w
      FROM hours AS r JOIN named ON named.value = ${r.value}
      CROSS JOIN json_each(${JSON.stringify(columns)}) AS m
      WHERE histogram IS NOT NULL),
    totals AS (SELECT value, metric, ${sql.join(summed, sql`, `)} FROM parts GROUP BY value, metric),
    buckets AS (
      SELECT value, metric, json_group_object(bucket, n) AS h, json_group_object(bucket, CAST(q AS INTEGER)) AS v FROM (
        SELECT parts.value, metric, b.key AS bucket, sum(b.value) AS n, sum(${SQUARE}) AS q
        FROM parts CROSS JOIN json_each(parts.histogram, '$.h') AS b
        GROUP BY parts.value, metric, CAST(b.key AS INTEGER) ORDER BY parts.value, metric, CAST(b.key AS INTEGER))
      GROUP BY value, metric)${clustered ? PAIRS : NO_SQL}
    SELECT t.value AS value, t.metric AS metric,
      json_remove(json_object(${sql.join(fields, sql`, `)}${hidden.field}, 'v', json(coalesce(b.v, '{}')), 'h', json(coalesce(b.h, '{}'))
        ${clustered ? sql`, 'c', json(coalesce(c.c, '{}'))` : NO_SQL}), ${unlessMixed('t.n', 't.s', 't.q')}) AS histogram
    FROM totals AS t LEFT JOIN buckets AS b ON b.value = t.value AND b.metric = t.metric
      ${clustered ? sql`LEFT JOIN pairs AS c ON c.value = t.value AND c.metric = t.metric` : NO_SQL} ${hidden.from}`
}

/** The squares of a bucket `b` of an hour: as it tells them, or as its samples weigh in the mean. */
const SQUARE = sql.raw('coalesce(parts.v ->> b.key, b.value * parts.w)')

/** The pairs of calls and marks, added up as the buckets are. */
const PAIRS = sql.raw(`,
    pairs AS (
      SELECT value, metric, json_group_object(bucket, json_array(pairs, partners)) AS c FROM (
        SELECT parts.value, metric, b.key AS bucket, sum(b.value ->> 0) AS pairs, sum(b.value ->> 1) AS partners
        FROM parts CROSS JOIN json_each(parts.histogram, '$.c') AS b
        GROUP BY parts.value, metric, CAST(b.key AS INTEGER) ORDER BY parts.value, metric, CAST(b.key AS INTEGER))
      GROUP BY value, metric)`)
/**
 * How much lay in `(other)` in those hours of the day in which a value had no name of its own: the most of it that the day's
 * row may miss. All of `(other)` (`unnamed`), less what lay there in hours that show the value, too (`shown`).
 */
function hiddenIn(
  dimension: RollupDimension,
  column: SQL,
  columns: readonly string[],
): Record<'tables' | 'field' | 'from', SQL> {
  const index = dimension.keys.findIndex(isCapped)
  if (index < 0) return { tables: NO_SQL, field: NO_SQL, from: NO_SQL }
  const other = (value: SQL) => sql`json_set(${value}, ${sql.raw(`'$[${index}]'`)}, ${OTHER})`
  return {
    tables: sql`others AS MATERIALIZED (
        SELECT ${r.start} AS start, ${r.value} AS value, m.value AS metric, coalesce(${column} ->> 'n', 0) AS n
        FROM hours AS r CROSS JOIN json_each(${JSON.stringify(columns)}) AS m WHERE ${r.value} = ${other(r.value)}),
      unnamed AS MATERIALIZED (SELECT value, metric, sum(n) AS n FROM others GROUP BY value, metric),
      shown AS MATERIALIZED (
        SELECT ${r.value} AS value, o.metric AS metric, sum(o.n) AS n
        FROM hours AS r JOIN others AS o ON o.start = ${r.start} AND o.value = ${other(r.value)}
        GROUP BY ${r.value}, o.metric),`,
    field: sql`, 'hidden', coalesce(u.n, 0) - coalesce(s.n, 0)`,
    from: sql`LEFT JOIN unnamed AS u ON u.value = ${other(sql.raw('t.value'))} AND u.metric = t.metric
      LEFT JOIN shown AS s ON s.value = t.value AND s.metric = t.metric`,
  }
}

/**
 * Which name each value of the day's hours goes by: its own, or `OTHER` beyond the cap of the whole day. All devices of one
 * route share its rank, so that `["phone","/a"]` and `["desktop","/a"]` keep their names together.
 */
function dayNames(dimension: RollupDimension): SQL {
  const index = dimension.keys.findIndex(isCapped)
  const key = dimension.keys[index]
  if (key === undefined || !isCapped(key)) return sql`SELECT DISTINCT value, value AS name FROM hours`
  const path = sql.raw(`'$[${index}]'`)
  const cap = sql.raw(String(capOf(key satisfies CappedKey, dimension)))
  return sql`SELECT value,
      CASE WHEN dense_rank() OVER (ORDER BY total DESC, part) <= ${cap}
        THEN value ELSE json_set(value, ${path}, ${OTHER}) END AS name
    FROM (
      SELECT value, part, sum(samples) OVER (PARTITION BY part) + CASE part WHEN ${OTHER} THEN -1e18 ELSE 0 END AS total
      FROM (SELECT value, json_extract(value, ${path}) AS part, sum(samples) AS samples FROM hours GROUP BY value))`
}
